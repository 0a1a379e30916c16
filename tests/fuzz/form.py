"""Multipart forms: parts that lie in the body one after another, or MultipartError."""

from stillpost.doors.http.multipart import MultipartError, split

SEEDS = (
    b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n--b--\r\n',
    b'\r\n--b\r\nContent-Disposition: form-data; name="a"; filename="\\"x\\".txt"\r\nContent-Type: text/plain\r\n\r\ny\r\n--b--',
    b"--b\r\ncontent-disposition: form-data;name=a;filename*=utf-8''b\r\n\r\n\r\n--b\r\n\r\n\r\n--b--",
)


def check(data: bytes) -> None:
    """Read ``data`` as a form."""
    at = 0
    try:
        for part in split("b", data):
            assert at <= part.start <= part.end <= len(data)
            at = part.end
    except MultipartError:
        return
