/* The peer: a milter on Debian's libmilter that says yes at the end of every message and wants nothing.

   noop SOCKET [all]      with "all" it answers every command, as a filter does that negotiates nothing. */
#include <libmilter/mfapi.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static int all;

static sfsistat on_connect(SMFICTX *c, char *n, _SOCK_ADDR *a) { (void) c; (void) n; (void) a; return all ? SMFIS_CONTINUE : SMFIS_NOREPLY; }
static sfsistat on_text(SMFICTX *c, char *t) { (void) c; (void) t; return all ? SMFIS_CONTINUE : SMFIS_NOREPLY; }
static sfsistat on_mail(SMFICTX *c, char **v) { (void) c; (void) v; return all ? SMFIS_CONTINUE : SMFIS_NOREPLY; }
static sfsistat on_rcpt(SMFICTX *c, char **v) { (void) c; (void) v; return SMFIS_CONTINUE; }
static sfsistat on_data(SMFICTX *c) { (void) c; return SMFIS_CONTINUE; }
static sfsistat on_header(SMFICTX *c, char *n, char *v) { (void) c; (void) n; (void) v; return all ? SMFIS_CONTINUE : SMFIS_NOREPLY; }
static sfsistat on_eoh(SMFICTX *c) { (void) c; return all ? SMFIS_CONTINUE : SMFIS_NOREPLY; }
static sfsistat on_eom(SMFICTX *c) { (void) c; return SMFIS_CONTINUE; }

static sfsistat negotiate(SMFICTX *c, unsigned long f0, unsigned long f1, unsigned long f2, unsigned long f3,
                          unsigned long *p0, unsigned long *p1, unsigned long *p2, unsigned long *p3) {
    (void) c; (void) f0; (void) f2; (void) f3;
    if (all) return SMFIS_ALL_OPTS;
    *p0 = SMFIF_ADDHDRS;
    *p1 = f1 & (SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_MAIL | SMFIP_NR_HDR | SMFIP_NR_EOH | SMFIP_NOBODY | SMFIP_NOUNKNOWN);
    *p2 = *p3 = 0;
    return SMFIS_CONTINUE;
}

int main(int argc, char **argv) {
    static char where[256];
    if (argc < 2) return EX_USAGE;
    all = argc > 2 && !strcmp(argv[2], "all");
    struct smfiDesc filter = {
        .xxfi_name = "noop", .xxfi_version = SMFI_VERSION, .xxfi_flags = SMFIF_ADDHDRS, .xxfi_connect = on_connect,
        .xxfi_helo = on_text, .xxfi_envfrom = on_mail, .xxfi_envrcpt = on_rcpt, .xxfi_header = on_header, .xxfi_eoh = on_eoh,
        .xxfi_eom = on_eom, .xxfi_data = on_data, .xxfi_negotiate = negotiate};
    snprintf(where, sizeof where, "unix:%s", argv[1]);
    smfi_setconn(where); smfi_setbacklog(1024);
    if (smfi_register(filter) == MI_FAILURE) return EX_UNAVAILABLE;
    return smfi_main() == MI_SUCCESS ? EX_OK : EX_UNAVAILABLE;
}
