/* A mail server's half of the milter protocol, as fast as one thread can: what Postfix 3.7 sends, over a Unix socket.

   load SOCKET CONNECTIONS MESSAGES PER_CONNECTION BODY_BYTES
   prints: messages a second, p50 and p99 (microseconds, MAIL to verdict), own CPU seconds. It obeys what the milter asked for
   (steps not sent, answers not waited for, macros chosen) and writes packets nobody answers together, as Postfix does.
   Exits with 1 if the milter hangs up or says what it must not. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define SEGMENTS 64
static struct segment { char *bytes; size_t size; int verdict; } greeting[SEGMENTS], message[SEGMENTS];
static int greetings, messages_segments, ready;
static uint32_t actions, steps;
static char *chosen[7];
static char building[4 << 20];
static size_t built;
static int body_bytes;

static struct link { int fd, at, in_message, left; size_t written; char heard[65536]; size_t got; double began; } *links;
static long wanted, done, started, per;
static double *took;
static const char *path;
static int poller;

static void die(const char *why) { fprintf(stderr, "load: %s\n", why); exit(1); }
static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec * 1e-9; }

static void put(char command, const void *payload, size_t size) {
    uint32_t length = htonl(size + 1);
    memcpy(building + built, &length, 4); building[built + 4] = command; memcpy(building + built + 5, payload, size);
    built += 5 + size;
}

/* stage: the milter's number for the command, whose macro list may have been chosen; given: name NUL value NUL ... */
static void macros(char command, int stage, const char *given, size_t size) {
    char payload[4096]; size_t n = 1; payload[0] = command;
    for (const char *p = given; p < given + size;) {
        const char *name = p, *value = p + strlen(p) + 1; p = value + strlen(value) + 1;
        if (chosen[stage] && !strstr(chosen[stage], name)) continue;
        memcpy(payload + n, name, p - name); n += p - name;
    }
    if (n > 1 || !chosen[stage]) put('D', payload, n);
}
#define MACROS(command, stage, text) macros(command, stage, text, sizeof text - 1)

static void flush_to(struct segment *list, int *count, int verdict) {
    if (*count == SEGMENTS) die("too many segments");
    list[*count].bytes = memcpy(malloc(built), building, built);
    list[*count].size = built; list[*count].verdict = verdict; (*count)++; built = 0;
}
static void waited(struct segment *list, int *count, uint32_t silent) { if (!(steps & silent)) flush_to(list, count, 0); }

static const char *fields[][2] = {
    {"Received", " from app.helpdesk.example (app.helpdesk.example [192.0.2.7])\n\tby mx.example.org (Postfix) with ESMTP id 4Wabc1234\n\tfor <ann@example.com>; Mon, 23 Nov 2026 09:00:00 +0000 (UTC)"},
    {"Date", " Mon, 23 Nov 2026 09:00:00 +0000"}, {"From", " Support <support@helpdesk.example>"}, {"To", " ann@example.com"},
    {"Message-ID", " <176387.4711.1@helpdesk.example>"}, {"Subject", " [support-12] Your request was received (Opened)"},
    {"MIME-Version", " 1.0"}, {"Content-Type", " multipart/alternative;\n boundary=\"===============1234567890123456789==\""},
    {"Auto-Submitted", " auto-replied"}, {"Precedence", " bulk"}, {"X-Auto-Response-Suppress", " All"},
    {"Reply-To", " support@helpdesk.example"}, {"X-Mailer", " helpdesk"}, {"X-Priority", " 3"}, {"X-Ticket", " 12"},
    {"References", " <ticket-12@helpdesk.example>"}, {"List-Unsubscribe", " <https://helpdesk.example/u/1>"},
    {"Feedback-ID", " 1:2:3:helpdesk"}, {"Content-Language", " en"}};

static void write_scripts(void) {
    static const char connection[] = "mx.client.example\0" "4\x9c\x40" "192.0.2.7";
    MACROS('C', 0, "j\0mx.example.org\0{daemon_name}\0mx.example.org\0{daemon_addr}\0" "127.0.0.1\0v\0Postfix 3.7.11\0_\0mx [192.0.2.7]\0");
    put('C', connection, sizeof connection); waited(greeting, &greetings, 0x1000);
    MACROS('H', 1, "{tls_version}\0TLSv1.3\0{cipher}\0TLS_AES_256_GCM_SHA384\0{cipher_bits}\0" "256\0");
    put('H', "client.example\0", 15); waited(greeting, &greetings, 0x2000);
    size_t head = built; char kept[4096]; memcpy(kept, building, head); /* goes out with the first message */
    greeting[greetings].bytes = memcpy(malloc(head + 1), kept, head); greeting[greetings].size = head; built = 0;
    MACROS('M', 2, "{mail_addr}\0support@helpdesk.example\0{mail_host}\0helpdesk.example\0{mail_mailer}\0smtp\0");
    put('M', "<support@helpdesk.example>\0SIZE=2589\0", 37); waited(message, &messages_segments, 0x4000);
    MACROS('R', 3, "{rcpt_addr}\0ann@example.com\0{rcpt_host}\0example.com\0{rcpt_mailer}\0smtp\0");
    put('R', "<ann@example.com>\0", 18); waited(message, &messages_segments, 0x8000);
    if (!(steps & 0x200)) { MACROS('T', 4, "i\0" "4Wabc1234\0"); put('T', "", 0); waited(message, &messages_segments, 0x10000); }
    for (size_t n = 0; n < sizeof fields / sizeof *fields; n++) {
        char field[2048]; size_t a = strlen(fields[n][0]) + 1, skip = !(steps & 0x100000), b = strlen(fields[n][1]) + 1 - skip;
        memcpy(field, fields[n][0], a); memcpy(field + a, fields[n][1] + skip, b);
        if (!chosen[6] && n == 0) MACROS('L', 5, "i\0" "4Wabc1234\0");
        put('L', field, a + b); waited(message, &messages_segments, 0x80);
    }
    put('N', "", 0); waited(message, &messages_segments, 0x40000);
    if (!(steps & 0x10)) {
        static char chunk[65535]; memset(chunk, 'x', sizeof chunk);
        for (size_t n = 70; n < sizeof chunk; n += 72) memcpy(chunk + n - 2, "\r\n", 2);
        for (int left = body_bytes; left > 0; left -= 65535) {
            put('B', chunk, left > 65535 ? 65535 : left); waited(message, &messages_segments, 0x80000);
        }
    }
    MACROS('E', 5, "i\0" "4Wabc1234\0"); put('E', "", 0); flush_to(message, &messages_segments, 1);
}

static void negotiate(int fd) {
    uint32_t offer[3] = {htonl(6), htonl(0x1ff), htonl(0x1fffff)}; char heard[4096]; size_t got = 0; uint32_t length;
    put('O', offer, 12); if (write(fd, building, built) != (ssize_t) built) die("cannot negotiate"); built = 0;
    do { ssize_t n = read(fd, heard + got, sizeof heard - got); if (n <= 0) die("hung up while negotiating"); got += n;
         memcpy(&length, heard, 4); } while (got < 4 || got < 4 + ntohl(length));
    if (ready) return;
    memcpy(&actions, heard + 9, 4); memcpy(&steps, heard + 13, 4); actions = ntohl(actions); steps = ntohl(steps);
    if (actions & 0x100)
        for (size_t at = 17; at < 4 + ntohl(length);) {
            uint32_t stage; memcpy(&stage, heard + at, 4); stage = ntohl(stage); at += 4;
            if (stage > 6) die("a macro stage nobody knows");
            chosen[stage] = strdup(heard + at); at += strlen(heard + at) + 1;
        }
    write_scripts(); ready = 1;
}

static void go_on(struct link *l);

static void open_link(struct link *l) {
    struct sockaddr_un where = {.sun_family = AF_UNIX}; struct epoll_event e = {.events = EPOLLIN, .data.ptr = l};
    strncpy(where.sun_path, path, sizeof where.sun_path - 1);
    l->fd = socket(AF_UNIX, SOCK_STREAM, 0);
    while (connect(l->fd, (struct sockaddr *) &where, sizeof where)) if (errno != EAGAIN) die(strerror(errno));
    negotiate(l->fd);
    if (epoll_ctl(poller, EPOLL_CTL_ADD, l->fd, &e)) die("epoll");
    l->at = 0; l->in_message = 0; l->got = 0; l->left = per;
    l->began = now(); started++;
    go_on(l);
}

/* Write the next segment; the unanswered end of the greeting goes out with the first message's first. */
static void go_on(struct link *l) {
    if (!l->in_message && l->at == greetings) {
        l->in_message = 1; l->at = 0;
        if (greeting[greetings].size) {
            char both[131072]; size_t a = greeting[greetings].size, b = message[0].size;
            memcpy(both, greeting[greetings].bytes, a); memcpy(both + a, message[0].bytes, b);
            if (write(l->fd, both, a + b) != (ssize_t) (a + b)) die("cannot write"); return;
        }
    }
    struct segment *s = l->in_message ? &message[l->at] : &greeting[l->at];
    for (size_t sent = 0; sent < s->size;) {
        ssize_t n = write(l->fd, s->bytes + sent, s->size - sent); if (n <= 0) die("cannot write"); sent += n;
    }
}

static void heard(struct link *l) {
    ssize_t n = read(l->fd, l->heard + l->got, sizeof l->heard - l->got);
    if (n <= 0) die("the milter hung up");
    l->got += n;
    size_t at = 0;
    while (l->got - at > 4) {
        uint32_t length; memcpy(&length, l->heard + at, 4); length = ntohl(length);
        if (l->got - at < 4 + length) break;
        char command = l->heard[at + 4]; at += 4 + length;
        struct segment *s = l->in_message ? &message[l->at] : &greeting[l->at];
        if (s->verdict && strchr("phim-+q", command)) continue;
        if (!strchr("catdry", command)) die("an answer that has no place");
        if (!s->verdict) { l->at++; go_on(l); continue; }
        double t = now(); took[done++] = t - l->began; l->at = 0; l->began = t;
        if (done + 0 >= wanted) { l->got = 0; return; }
        if (--l->left && started < wanted) { started++; go_on(l); continue; }
        uint32_t quit = htonl(1); memcpy(building, &quit, 4); building[4] = 'Q';
        if (write(l->fd, building, 5) != 5) die("cannot write");
        close(l->fd); l->got = 0;
        if (started < wanted) open_link(l);
        return;
    }
    memmove(l->heard, l->heard + at, l->got - at); l->got -= at;
}

static int ascending(const void *a, const void *b) { double x = *(const double *) a, y = *(const double *) b; return (x > y) - (x < y); }

int main(int argc, char **argv) {
    if (argc != 6) die("SOCKET CONNECTIONS MESSAGES PER_CONNECTION BODY_BYTES");
    path = argv[1]; int count = atoi(argv[2]); wanted = atol(argv[3]); per = atol(argv[4]); body_bytes = atoi(argv[5]);
    if (count > wanted) count = wanted;
    links = calloc(count, sizeof *links); took = calloc(wanted + count, sizeof *took); poller = epoll_create1(0);
    double began = now();
    for (int n = 0; n < count; n++) open_link(&links[n]);
    while (done < wanted) {
        struct epoll_event events[256]; int n = epoll_wait(poller, events, 256, 30000);
        if (n <= 0) die("the milter says nothing for 30 seconds");
        for (int i = 0; i < n && done < wanted; i++) heard(events[i].data.ptr);
    }
    double seconds = now() - began; struct rusage used; getrusage(RUSAGE_SELF, &used);
    qsort(took, done, sizeof *took, ascending);
    printf("%.1f %.1f %.1f %.3f\n", done / seconds, took[done / 2] * 1e6, took[(long) (done * 0.99)] * 1e6,
           used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6);
    return 0;
}
