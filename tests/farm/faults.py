"""Servers that are broken, hostile, or no HTTP servers at all."""

from checkers import Subject
from tests.farm.behaviour import (
    CHUNKED,
    CLOSED,
    CUT,
    MALFORMED,
    RESET,
    SILENT,
    STATUS,
    TOO_LARGE,
    UP,
    Behaviour,
    Group,
    contains,
    expect,
)  # fmt: skip
from tests.farm.servers import (
    Servers,
    after_some,
    answering,
    at_accept,
    dripping,
    flooding,
    ok,
)  # fmt: skip

HEAD = b"HTTP/1.1 200 OK\r\n"


def faults(farm: Servers) -> list[Behaviour]:
    """Everything a sick server may do without TLS."""
    group = Group(farm)
    _heads(group)
    _lengths(group)
    _chunks(group)
    _endings(group)
    _time(group)
    _others(group)
    _names(group)
    return group.found


def _heads(group: Group) -> None:
    for name, line in (
        ("without version", b"HTTP 200 OK"), ("HTTP/0.9", b"HTTP/0.9 200 OK"),
        ("HTTP/1.2", b"HTTP/1.2 200 OK"), ("HTTP/1", b"HTTP/1 200 OK"),
        ("HTTP/1.10", b"HTTP/1.10 200 OK"), ("HTTP/2", b"HTTP/2 200 OK"),
        ("HTTP/2.0", b"HTTP/2.0 200 OK"), ("HTTP/3", b"HTTP/3 200"),
        ("in small letters", b"http/1.1 200 OK"), ("RTSP", b"RTSP/1.0 200 OK"),
        ("ICY", b"ICY 200 OK"), ("two spaces", b"HTTP/1.1  200 OK"),
        ("a tab", b"HTTP/1.1\t200 OK"), ("no code", b"HTTP/1.1"),
        ("code of two digits", b"HTTP/1.1 20 OK"),
        ("code of four digits", b"HTTP/1.1 2000 OK"), ("code 000", b"HTTP/1.1 000 OK"),
        ("code 099", b"HTTP/1.1 099 OK"), ("code in letters", b"HTTP/1.1 abc OK"),
        ("negative code", b"HTTP/1.1 -200 OK"), ("code with a sign", b"HTTP/1.1 +20 OK"),
        ("code in other digits", "HTTP/1.1 ２００ OK".encode()),
        ("code and no space", b"HTTP/1.1 200OK"), ("space before", b" HTTP/1.1 200 OK"),
        ("a NUL", b"HTTP/1.1 200 O\x00K"), ("a bare CR", b"HTTP/1.1 200 O\rK"),
    ):  # fmt: skip
        group.says(f"status line: {name}", line + b"\r\nContent-Length: 0\r\n\r\n", MALFORMED)
    group.says("empty lines before", b"\r\n\r\n" + ok(), MALFORMED)
    for name, line in (
        ("without colon", b"No colon"), ("without name", b": x"), ("space in its name", b"X A: 1"),
        ("space before the colon", b"X-A : 1"), ("NUL in its name", b"X\x00A: 1"),
        ("NUL in its value", b"X-A: 1\x002"), ("bare CR in its value", b"X-A: 1\r2"),
        ("a name in UTF-8", "X-Ä: 1".encode()), ("brackets in its name", b"X(A): 1"),
    ):  # fmt: skip
        group.says(f"field: {name}", ok(b"hello", line), MALFORMED)
    group.says("first line folded", HEAD + b" X: 1\r\nContent-Length: 0\r\n\r\n", MALFORMED)
    for name, line, value in (
        ("padded", b"X-A:  1 \t", "1"), ("without a space", b"X-A:1", "1"),
        ("folded", b"X-A: 1\r\n  2", "1 2"), ("in Latin-1", b"X-A: \xfcber", "über"),
        ("in UTF-8", "X-A: über".encode(), "über"), ("empty", b"X-A:", ""),
        ("with a control character", b"X-A: a\x01b", "a\x01b"), ("with colons", b"X-A: a:b", "a:b"),
    ):  # fmt: skip
        group.says(f"field: {name}", ok(b"hello", line), UP,
                   expect=expect(Subject.HEADER, "==", value, name="x-a"))  # fmt: skip
    bare = ok(b"hello").replace(b"\r\n", b"\n")
    group.says("bare LF throughout", bare, UP, expect=contains("hello"))
    group.says("bare LF and CRLF", b"HTTP/1.1 200 OK\nX-A: 1\r\nContent-Length: 5\n\r\nhello", UP)
    group.says("bare CR throughout", ok().replace(b"\r\n", b"\r"), CLOSED)


def _lengths(group: Group) -> None:
    for length in (b"abc", b"-5", b"+5", b"5.0", b"0x5", b"5, 5", b"5 5", b"", b"1e1",
                   b"9" * 30, "５".encode()):  # fmt: skip
        broken = HEAD + b"Content-Length: %b\r\n\r\nhello" % length
        group.says(f"length {length.decode()[:12]!r}", broken, MALFORMED)
    group.says("length twice", ok(b"hello", b"Content-Length: 5"), MALFORMED)
    group.says("two lengths", ok(b"hello", b"Content-Length: 6"), MALFORMED)
    group.says("length and chunked", ok(b"0\r\n\r\n", b"Transfer-Encoding: chunked"), MALFORMED)
    for coding in (b"gzip, chunked", b"chunked, chunked", b"gzip", b"identity", b"xchunked", b""):
        broken = CHUNKED.replace(b"chunked", coding) + b"5\r\nhello\r\n0\r\n\r\n"
        group.says(f"transfer coding {coding.decode()!r}", broken, MALFORMED)
    group.says("chunked told twice",
               CHUNKED.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n")
               + b"0\r\n\r\n", MALFORMED)  # fmt: skip
    group.says("length with a zero", ok().replace(b"Length: 5", b"Length: 005"), UP)
    group.says("more than its length", ok() + b"extra", UP)
    group.says("500 and more than its length", ok(status=b"500 Oops") + b"x", STATUS)
    group.says("204 with a body", b"HTTP/1.1 204 No Content\r\n\r\nhello", UP)
    group.says(
        "204 with a length", b"HTTP/1.1 204 No\r\nContent-Length: 9\r\n\r\n", UP, then="silent"
    )
    group.says("less than its length", HEAD + b"Content-Length: 99\r\n\r\nhello", CUT)
    group.says("500 and less than its length",
               b"HTTP/1.1 500 Oops\r\nContent-Length: 99\r\n\r\nhello", STATUS)  # fmt: skip


def _chunks(group: Group) -> None:
    group.says("chunked, then junk", CHUNKED + b"0\r\n\r\njunk", UP)
    group.says("chunks cut in the data", CHUNKED + b"5\r\nhel", CUT)
    group.says("chunks cut after the data", CHUNKED + b"5\r\nhello", CUT)
    group.says("chunks cut in a size", CHUNKED + b"5\r\nhello\r\n0", CUT)
    group.says("last chunk cut", CHUNKED + b"5\r\nhello\r\n0\r\n", CUT)
    group.says("trailers cut", CHUNKED + b"5\r\nhello\r\n0\r\nX-A: 1\r\n", CUT)
    group.says("no last chunk", CHUNKED + b"5\r\nhello\r\n", CUT)
    group.says("chunks that never began", CHUNKED, CUT)
    for name, chunk in (
        ("zz", b"zz"), ("-5", b"-5"), ("0x5", b"0x5"), ("empty", b""), ("+5", b"+5"),
        ("of twenty digits", b"5" * 20), ("with a space before", b" 5"), ("with a NUL", b"5\x00"),
    ):  # fmt: skip
        group.says(f"chunk size {name}", CHUNKED + chunk + b"\r\nhello\r\n0\r\n\r\n", MALFORMED,
                   then="silent")  # fmt: skip
    group.says("chunk size ends in LF", CHUNKED + b"5\nhello\r\n0\r\n\r\n", MALFORMED)
    group.says("chunk ends in LF", CHUNKED + b"5\r\nhello\n0\r\n\r\n", MALFORMED)
    group.says("chunk without end", CHUNKED + b"5\r\nhelloXX0\r\n\r\n", MALFORMED)
    group.says("trailer without colon", CHUNKED + b"0\r\nNo colon\r\n\r\n", MALFORMED)
    group.does("endless chunk extension", flooding(CHUNKED + b"5;", b"x" * 4096), MALFORMED)
    group.does("endless chunk size", flooding(CHUNKED, b"0" * 4096), MALFORMED)
    group.does("endless trailers", flooding(CHUNKED + b"0\r\n", b"X-A: 1\r\n" * 500), MALFORMED)
    group.does("endless chunks", flooding(CHUNKED, b"1000\r\n" + b"x" * 4096 + b"\r\n"), TOO_LARGE)


def _endings(group: Group) -> None:
    for then, verdict in (("close", CLOSED), ("reset", RESET)):
        group.says(f"{then} without a word", b"", verdict, then=then)
        group.says(f"{then} in the status line", b"HTTP/1.1 20", verdict, then=then)
        group.says(f"{then} after the status line", HEAD, verdict, then=then)
        group.says(f"{then} in a field", HEAD + b"Content-Le", verdict, then=then)
        group.says(f"{then} before the empty line", HEAD + b"X-A: 1\r\n", verdict, then=then)
    group.does("end at accept", at_accept(then="end"), CLOSED)
    group.does("reset at accept", at_accept(then="reset"), RESET)
    group.says("reset in a body of known length", HEAD + b"Content-Length: 99\r\n\r\nhello", RESET,
               then="reset")  # fmt: skip
    group.says("reset in chunks", CHUNKED + b"5\r\nhel", RESET, then="reset")
    group.says("reset in an open end", HEAD + b"\r\nhello", RESET, then="reset")
    group.says("reset after the whole body", ok(), UP, then="reset")
    group.says("500 and reset in the body", b"HTTP/1.1 500 Oops\r\nContent-Length: 99\r\n\r\nhe",
               STATUS, then="reset")  # fmt: skip
    group.does("answers before it is asked, and closes", at_accept(ok(), then="silent"), UP)


def _time(group: Group) -> None:
    group.at("refused", f"http://127.0.0.1:{group.farm.refusing()}/", "down/connection_refused")
    group.at("deaf", f"http://127.0.0.1:{group.farm.deaf()}/", "down/connection_timeout")
    group.does("silent after accept", at_accept(then="silent"), SILENT)
    group.says("silent after the request", b"", SILENT, then="silent")
    group.says("silent in the status line", b"HTTP/1.", SILENT, then="silent")
    group.says("silent in the fields", HEAD + b"X-A", SILENT, then="silent")
    group.says("silent in the body", HEAD + b"Content-Length: 9\r\n\r\nhe", SILENT, then="silent")
    group.says("silent before the body", HEAD + b"Content-Length: 9\r\n\r\n", SILENT, then="silent")
    group.says("silent in an open end", HEAD + b"\r\nhello", SILENT, then="silent")
    group.says("silent in chunks", CHUNKED + b"5\r\nhello\r\n", SILENT, then="silent")
    group.says("silent after 100", b"HTTP/1.1 100 Continue\r\n\r\n", SILENT, then="silent")
    group.says("500 and silent", b"HTTP/1.1 500 Oops\r\nContent-Length: 9\r\n\r\nhe", STATUS,
               then="silent")  # fmt: skip
    interim = b"HTTP/1.1 100 Continue\r\n\r\n"
    for name, start, drop in (
        ("a status line", b"HTTP/1.1 200 ", b"x"), ("header fields", HEAD, b"A: b\r\n"),
        ("a field", HEAD + b"X-A: ", b"x"), ("interim answers", b"", interim),
        ("a body", HEAD + b"Content-Length: 9999\r\n\r\n", b"x"),
        ("an open end", HEAD + b"\r\n", b"x"),
        ("chunks", CHUNKED, b"1\r\nx\r\n"), ("a chunk extension", CHUNKED + b"5;", b"x"),
        ("trailers", CHUNKED + b"0\r\n", b"A: b\r\n"),
    ):  # fmt: skip
        group.does(f"drips {name}", dripping(start, drop), SILENT)
    group.does("floods interim answers", flooding(b"", interim * 5000), MALFORMED)
    group.does("floods a status line", flooding(b"HTTP/1.1 200 ", b"x" * 65_536), MALFORMED)
    group.does("floods header fields", flooding(HEAD, b"X-A: 1\r\n" * 5000), MALFORMED)
    group.does("floods one field", flooding(HEAD + b"X-A: ", b"x" * 65_536), MALFORMED)
    group.does("floods an open end", flooding(HEAD + b"\r\n", b"x" * 65_536), TOO_LARGE)
    answer = ok(status=b"413 Too large")
    group.does("answers a large body before reading it", answering(answer, then="silent"), STATUS,
               method="POST", body=b"x" * 3_000_000, timeout=1.5)  # fmt: skip


def _others(group: Group) -> None:
    for name, greeting in (
        ("SSH", b"SSH-2.0-OpenSSH_9.2\r\n"), ("SMTP", b"220 mail.example ESMTP\r\n"),
        ("FTP", b"220 Welcome\r\n"), ("IMAP", b"* OK ready\r\n"),
        ("MySQL", b"J\x00\x00\x00\x0a8.0.33"),
        ("HTTP/2 settings", b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"),
        ("a TLS alert", b"\x15\x03\x01\x00\x02\x02\x28"),
        ("HTML without a head", b"<html>hello"), ("one byte", b"x"),
    ):  # fmt: skip
        group.does(f"speaks {name}", at_accept(greeting, then="silent"), MALFORMED)
    group.says("speaks Redis", b"-ERR wrong number of arguments\r\n", MALFORMED, then="silent")
    group.does("echoes", after_some(b"GET / HTTP/1.1\r\n\r\n"), MALFORMED)
    group.at("a space in its URL", "http://127.0.0.1/ /", "unknown/invalid_url")


def _names(group: Group) -> None:
    def at(name: str, host: str, verdict: str, port: int = 0, **fields: object) -> None:
        group.at(name, f"http://{host}:{port or four}/", verdict, **fields)

    four, six = (group.farm.serve(answering(ok()), host=host) for host in ("127.0.0.1", "::1"))
    none, lost = "down/name_not_resolved", "unknown/not_measured"
    at("name whose server is silent", "silent.example", "down/name_lookup_timeout")
    at("name that is not there", "unknown.example", none)
    at("name that nobody has", "nothing.invalid", none, timeout=5.0)
    at("name that cannot be asked for here", "no-descriptors.example", lost, timeout=0.2)
    at("name whose first address refuses", "first-refuses.example", UP)
    at("name whose IPv6 address refuses", "six-refuses.example", UP)
    at("name with IPv6 wanted", "six-only.example", UP, six, ip_version=6)
    at("name with IPv4 wanted", "four-only.example", UP, ip_version=4)
    at("name without the IPv6 address wanted", "four-only.example", none, ip_version=6)
    at("name without the IPv4 address wanted", "six-only.example", none, six, ip_version=4)
    at("address that is not of the version wanted", "127.0.0.1", none, ip_version=6)
    at("IPv6 address", "[::1]", UP, six, ip_version=6)
    at("IPv6 address, long", "[0:0:0:0:0:0:0:1]", UP, six)
    at("IPv6 address, not wanted", "[::1]", none, six, ip_version=4)
    at("IPv4 address mapped", "[::ffff:127.0.0.1]", UP)
    at("localhost", "localhost", UP, ip_version=4)
    at("localhost with a dot", "localhost.", UP, ip_version=4)
    at("name below localhost", "app.localhost", UP, ip_version=4)
    at("localhost in capitals", "LOCALHOST", UP, ip_version=4)
