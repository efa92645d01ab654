"""Well-formed answers: statuses, redirects, cookies, auth, codings, sizes, expectations."""

import gzip
import hashlib
import zlib

from checkers import Subject
from tests.farm.behaviour import (
    CHUNKED,
    MALFORMED,
    REFUSED,
    SILENT,
    STATUS,
    TOO_LARGE,
    UNDECODABLE,
    UP,
    Behaviour,
    Group,
    bomb,
    contains,
    deflated,
    degraded,
    expect,
)  # fmt: skip
from tests.farm.servers import Servers, answering, delayed, depending, in_turn, ok, redirect

TEXT = b"hello " * 100
PACKED = gzip.compress(TEXT, mtime=0)


def answers(farm: Servers) -> list[Behaviour]:
    """Everything a healthy or honest server may say."""
    group = Group(farm)
    _statuses(group)
    _redirects(group)
    _carried_along(group)
    _codings(group)
    _sizes(group)
    _expectations(group)
    return group.found


def _statuses(group: Group) -> None:
    for status in (200, 201, 202, 203, 206, 226, 299):
        group.says(f"status {status}", ok(status=b"%d Fine" % status), UP)
    for status in (300, 304, 305, 306, 400, 401, 403, 404, 410, 418, 429, 451, 500, 502, 503, 504,
                   599, 600, 999):  # fmt: skip
        group.says(f"status {status}", ok(status=b"%d Other" % status), STATUS)
    group.says("no content", b"HTTP/1.1 204 No Content\r\n\r\n", UP, then="silent")
    group.says("not modified", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", STATUS,
               then="silent")  # fmt: skip
    group.says("reset content", b"HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n", UP)
    group.says("no reason phrase", ok(status=b"200 "), UP)
    group.says("no space after the code", ok(status=b"200"), UP)
    group.says("reason phrase in Latin-1", ok(status=b"200 D'accord, \xe9t\xe9"), UP)
    group.says("404 that was expected", ok(status=b"404 Gone"), UP,
               expect=expect(Subject.STATUS, "in", ("2xx", 404)))  # fmt: skip
    group.says("until close", b"HTTP/1.1 200 OK\r\n\r\nhello", UP, expect=contains("hello"))
    group.says("HTTP/1.0", b"HTTP/1.0 200 OK\r\n\r\nhello", UP, expect=contains("hello"))
    group.says("HTTP/1.0 kept alive", ok(b"hello", b"Connection: keep-alive").replace(
        b"1.1", b"1.0", 1), UP, then="silent")  # fmt: skip
    group.says("kept open", ok(), UP, then="silent")
    group.says("100 first", b"HTTP/1.1 100 Continue\r\n\r\n" + ok(), UP)
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    group.says("103 first", early + ok(), UP)
    group.says("102 and 103 first", early.replace(b"103", b"102") + early + ok(), UP)
    group.says("101 that nobody asked for", b"HTTP/1.1 101 Switching Protocols\r\n"
               b"Upgrade: websocket\r\nConnection: upgrade\r\n\r\n", STATUS)  # fmt: skip
    group.says("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", UP, then="silent",
               method="HEAD")  # fmt: skip
    group.says("HEAD, chunked", CHUNKED, UP, then="silent", method="HEAD")
    group.says("HEAD with a body", ok(), UP, method="HEAD")
    group.says("OPTIONS", ok(), UP, method="OPTIONS")
    group.says("TRACE-like method", ok(), UP, method="PURGE")
    echo = depending(lambda request: ok(request.rpartition(b"\r\n\r\n")[2] or b"empty"))
    for method in ("POST", "PUT", "PATCH", "DELETE", "GET"):
        group.does(f"{method} with a body", echo, UP, method=method, body=b"salve",
                   expect=expect(Subject.BODY, "==", "salve"))  # fmt: skip
    group.does("POST without a body", echo, UP, method="POST",
               expect=expect(Subject.BODY, "==", "empty"))  # fmt: skip


def _redirects(group: Group) -> None:
    final = group.farm.serve(answering(ok(b"the end")))
    elsewhere = b"http://127.0.0.1:%d/end" % final
    there = contains("the end")
    for code in (301, 302, 303, 307, 308):
        group.says(f"{code} elsewhere", redirect(elsewhere, b"%d Moved" % code), UP, expect=there)
    group.says("redirect, body never comes", b"HTTP/1.1 302 Found\r\nContent-Length: 9\r\n"
               b"Location: " + elsewhere + b"\r\n\r\n",
               UP, then="silent", expect=there)  # fmt: skip
    group.says("redirect to its own fragment", redirect(elsewhere + b"#x"), UP, expect=there)
    group.says("redirect padded", redirect(b" \t" + elsewhere + b" "), UP, expect=there)
    group.says("redirect without scheme", redirect(elsewhere[5:]), UP, expect=there)
    group.says("redirect told twice alike",
               redirect(elsewhere + b"\r\nLocation: " + elsewhere), UP, expect=there)  # fmt: skip
    group.does("redirect to a path", depending(lambda request: ok(b"the end")
               if request.startswith(b"GET /a/c%20d?q") else redirect(b"c d?q")), UP,
               path="/a/b", expect=there)  # fmt: skip
    group.does("redirect in a circle of two", depending(
        lambda request: redirect(b"/" if b"GET /x" in request else b"/x")),
        "down/too_many_redirects", max_redirects=4)  # fmt: skip
    group.does("as many redirects as allowed", in_turn(redirect(b"/"), redirect(b"/"), ok()), UP,
               max_redirects=2)  # fmt: skip
    group.does("one redirect more than allowed", in_turn(redirect(b"/"), redirect(b"/")),
               "down/too_many_redirects", max_redirects=1)  # fmt: skip
    group.does("HEAD and 303", depending(lambda request: redirect(b"/x", b"303 See Other")
               if b" / HTTP" in request else ok(status=b"200 Fine" if request.startswith(b"HEAD")
               else b"405 No")), UP, method="HEAD")  # fmt: skip
    group.says("redirect to nothing", redirect(b""), STATUS)
    group.says("redirect to a query", redirect(b"?x"), "down/too_many_redirects", max_redirects=2)
    group.says("redirect to itself", redirect(b"/"), "down/too_many_redirects", max_redirects=3)
    group.says("redirect, none allowed", redirect(b"/"), "down/too_many_redirects",
               max_redirects=0)  # fmt: skip
    for name, location in (
        ("nowhere", b"http://["), ("a file", b"file:///etc/passwd"), ("a script", b"javascript:0"),
        ("ftp", b"ftp://127.0.0.1/"), ("data", b"data:,x"), ("port 99999", b"http://127.0.0.1:99999/"),
        ("no host", b"http:///x"), ("user and password", b"http://u:p@127.0.0.1/"),
        ("a backslash", b"http://127.0.0.1\\@x/"), ("a control character", b"/a\x01b"),
        ("an octal host", b"http://0177.0.0.1/"), ("a number for a host", b"http://2130706433/"),
    ):  # fmt: skip
        group.says(f"redirect to {name}", redirect(location), REFUSED)
    group.says("redirect to two places", redirect(b"/a\r\nLocation: /b"), REFUSED)
    group.says("redirect not followed", redirect(b"/x"), STATUS, follow_redirects=False)
    group.says("redirect without Location", ok(status=b"302 Found"), STATUS)
    group.says("300 with Location", redirect(b"/x", b"300 Choices"), STATUS)
    group.says("redirect to a closed port",
               redirect(b"http://127.0.0.1:%d/" % group.farm.refusing()),
               "down/connection_refused")  # fmt: skip
    for code, method in (
        (301, b"GET"),
        (302, b"GET"),
        (303, b"GET"),
        (307, b"POST"),
        (308, b"POST"),
    ):
        group.does(f"POST and {code}", depending(
            lambda request, code=code, method=method: redirect(b"/x", b"%d Moved" % code)  # type: ignore[misc]
            if b" / HTTP" in request else ok(b"the end" if request.startswith(method) else b"no")),
            UP, method="POST", body=b"salve", expect=there)  # fmt: skip


def _carried_along(group: Group) -> None:
    """Cookies and credentials: to the origin that they are for, and nowhere else."""
    there = contains("the end")

    def wants(field: bytes, first: bytes = b"") -> object:
        return depending(
            lambda request: (
                first if b" / HTTP" in request and first
                else ok(b"the end") if field in request.lower() else ok(status=b"401 No")
            )
        )  # fmt: skip

    def named(name: str, handler: object, verdict: str, **fields: object) -> None:
        group.does(name, handler, verdict, **fields)  # type: ignore[arg-type]

    sets = redirect(b"/in\r\nSet-Cookie: session=abc; Path=/; HttpOnly")
    named("cookie kept on the way", wants(b"cookie: session=abc", sets), UP, expect=there)
    named("cookie beside one's own", wants(b"cookie: own=1; session=abc", sets), UP, expect=there,
          headers=(("Cookie", "own=1"),))  # fmt: skip
    named("cookie for another path", wants(b"cookie:", sets.replace(b"Path=/", b"Path=/other")),
          STATUS)  # fmt: skip
    named("cookie for secure connections", wants(b"cookie:", sets.replace(b"HttpOnly", b"Secure")),
          STATUS)  # fmt: skip
    named("cookie that has expired", wants(b"cookie:", sets.replace(b"HttpOnly", b"Max-Age=0")),
          STATUS)  # fmt: skip
    named("cookie for another host",
          wants(b"cookie:", sets.replace(b"HttpOnly", b"Domain=example.org")), STATUS)  # fmt: skip
    secret = wants(b"authorization: basic dtpw")
    named("basic auth", secret, UP, authorization="Basic dTpw", expect=there)
    named("bearer auth", wants(b"authorization: bearer t"), UP, authorization="Bearer t")
    named("auth missing", secret, STATUS)
    port = group.farm.serve(secret)  # type: ignore[arg-type]
    away = redirect(b"http://127.0.0.1:%d/x" % port)
    group.says("auth is not told to another origin", away, STATUS, authorization="Basic dTpw")
    other = group.farm.serve(depending(lambda request: ok(b"the end", status=(
        b"400 No" if b"cookie" in request.lower() else b"200 OK"))))  # fmt: skip
    group.says(
        "cookie set on the way is not told to another origin",
        redirect(b"http://127.0.0.1:%d/x\r\nSet-Cookie: session=abc; Path=/" % other),
        UP,
        expect=there,
    )
    named("auth stays with its origin", wants(b"authorization: basic dtpw", redirect(b"/x")), UP,
          authorization="Basic dTpw")  # fmt: skip
    cookies = group.farm.serve(wants(b"cookie: own=1"))  # type: ignore[arg-type]
    group.says("cookie is not told to another origin",
               redirect(b"http://127.0.0.1:%d/x" % cookies), STATUS,
               headers=(("Cookie", "own=1"),))  # fmt: skip
    named("own Host", wants(b"host: inner.example\r\n"), UP,
          headers=(("Host", "inner.example"),))  # fmt: skip
    named("own Connection", answering(ok(), then="silent"), UP,
          headers=(("Connection", "keep-alive"),))  # fmt: skip
    named("own Accept-Encoding", wants(b"accept-encoding: identity\r\n"), UP,
          headers=(("Accept-Encoding", "identity"),))  # fmt: skip
    named("own User-Agent", wants(b"user-agent: mine\r\n"), UP, headers=(("User-Agent", "mine"),))
    named("own header, empty", depending(lambda request: (
        ok() if b"x-empty:\r\n" in request.lower().replace(b": \r", b":\r")
        else ok(status=b"400 No"))), UP, headers=(("X-Empty", ""),))  # fmt: skip
    down = ok(status=b"503 Not yet")
    group.does("flapping, two attempts", in_turn(down, ok()), UP, attempts=2)
    group.says("down in every attempt", down, STATUS, attempts=3)


def _codings(group: Group) -> None:
    there = contains("hello")
    gzipped, raw = b"Content-Encoding: gzip", b"Content-Encoding: deflate"
    group.says("chunked", CHUNKED + b"5\r\nhello\r\n0\r\n\r\n", UP, then="silent", expect=there)
    group.says("chunks with extensions", CHUNKED + b'5;a="b";c\r\nhello\r\n0;x\r\n\r\n', UP,
               then="silent", expect=there)  # fmt: skip
    group.says("chunks with trailers", CHUNKED + b"5\r\nhello\r\n0\r\nX-Sum: 1\r\nX-B: 2\r\n\r\n",
               UP, then="silent", expect=there)  # fmt: skip
    group.says("chunks of one byte", CHUNKED + b"".join(b"1\r\n%c\r\n" % byte for byte in b"hello")
               + b"0\r\n\r\n", UP, expect=there)  # fmt: skip
    group.says("Chunked in capitals", (CHUNKED + b"5\r\nhello\r\n0\r\n\r\n").replace(
        b"chunked", b"Chunked"), UP, expect=there)  # fmt: skip
    group.says("chunk size with zeros", CHUNKED + b"0005\r\nhello\r\n000\r\n\r\n", UP, expect=there)
    group.says("gzip", ok(PACKED, gzipped), UP, expect=there)
    group.says("x-gzip", ok(PACKED, b"Content-Encoding: x-gzip"), UP, expect=there)
    group.says("gzip in two members", ok(PACKED + PACKED, gzipped), UP, expect=there)
    group.says("gzip and padding", ok(PACKED + bytes(20), gzipped), UP, expect=there)
    group.says("deflate", ok(zlib.compress(TEXT), raw), UP, expect=there)
    group.says("deflate, bare", ok(deflated(TEXT), raw), UP, expect=there)
    group.says("gzip in gzip", ok(gzip.compress(PACKED), b"Content-Encoding: gzip, gzip"), UP,
               expect=there)  # fmt: skip
    group.says("identity", ok(TEXT, b"Content-Encoding: identity"), UP, expect=there)
    group.says("gzip, chunked", CHUNKED.replace(b"\r\n\r\n", b"\r\n" + gzipped + b"\r\n\r\n")
               + b"%x\r\n%b\r\n0\r\n\r\n" % (len(PACKED), PACKED), UP, expect=there)  # fmt: skip
    group.says("gzip, empty", ok(b"", gzipped), UP)
    group.says("gzip cut", ok(PACKED[:-8], gzipped), UNDECODABLE)
    group.says("gzip cut, until close", b"HTTP/1.1 200 OK\r\n" + gzipped + b"\r\n\r\n"
               + PACKED[:-8], UNDECODABLE)  # fmt: skip
    group.says("gzip that is plain", ok(b"hello", gzipped), UNDECODABLE)
    group.says("gzip that is deflate", ok(zlib.compress(TEXT), gzipped), UNDECODABLE)
    group.says("gzip with a wrong checksum", ok(PACKED[:-8] + bytes(4) + PACKED[-4:], gzipped),
               UNDECODABLE)  # fmt: skip
    group.says("deflate cut", ok(zlib.compress(TEXT)[:-6], raw), UNDECODABLE)
    group.says("br, not asked for", ok(b"\x0b\x02\x80hello\x03", b"Content-Encoding: br"),
               UNDECODABLE)  # fmt: skip
    group.says("a hundred codings", ok(PACKED, b"Content-Encoding: " + b"gzip, " * 100),
               UNDECODABLE)  # fmt: skip
    group.says("HEAD of a gzip", ok(b"", gzipped), UP, method="HEAD")
    _charsets(group)
    group.says("plain that claims to be text", ok("grün".encode("latin-1"),
               b"Content-Type: text/plain; charset=iso-8859-1"), UP,
               expect=contains("grün"))  # fmt: skip


def _charsets(group: Group) -> None:
    """A body is text in the charset it says, else UTF-8, with replacement."""
    green, text = contains("grün"), "grün und blau"
    for name, charset, body in (
        ("in UTF-16", "utf-16", text.encode("utf-16")),
        ("in UTF-16, big-endian", "UTF-16BE", text.encode("utf-16-be")),
        ("in quotes", '"utf-8"', text.encode()), ("nobody knows", "x-none", text.encode()),
        ("that is no charset", "base64", text.encode()), ("with a NUL", "utf\x018", text.encode()),
        ("in Windows-1252", "windows-1252", text.encode("cp1252")),
        ("that is empty", "", text.encode()),
        ("told in capitals", "ISO-8859-1", text.encode("latin-1")),
    ):  # fmt: skip
        declared = f"Content-Type: text/plain; charset={charset}".encode()
        group.says(f"charset {name}", ok(body, declared), UP, expect=green)
    group.says("charset not told", ok(text.encode(), b"Content-Type: text/html"), UP, expect=green)
    group.says("not UTF-8 after all", ok(b"gr\xfcn"), UP, expect=contains("gr\ufffdn"))
    group.says("pattern over what is not UTF-8", ok(b"gr\xfcn"), UP,
               expect=expect(Subject.BODY, "matches", "^gr.n$"))  # fmt: skip


def _sizes(group: Group) -> None:
    group.says("under the cap", ok(b"x" * 1999), UP, max_body_bytes=2000)
    group.says("at the cap", ok(b"x" * 2000), UP, max_body_bytes=2000)
    group.says("over the cap", ok(b"x" * 2001), TOO_LARGE, max_body_bytes=2000)
    group.says("empty under a cap of nothing", ok(b""), UP, max_body_bytes=0)
    group.says("one byte over a cap of nothing", ok(b"x"), TOO_LARGE, max_body_bytes=0)
    group.says("chunked over the cap", CHUNKED + b"7d1\r\n" + b"x" * 2001 + b"\r\n0\r\n\r\n",
               TOO_LARGE, max_body_bytes=2000)  # fmt: skip
    group.says("until close over the cap", b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 2001, TOO_LARGE,
               max_body_bytes=2000)  # fmt: skip
    group.says("gzip over the cap", ok(gzip.compress(bytes(2001)), b"Content-Encoding: gzip"),
               TOO_LARGE, max_body_bytes=2000)  # fmt: skip
    group.says("gzip at the cap", ok(gzip.compress(bytes(2000)), b"Content-Encoding: gzip"), UP,
               max_body_bytes=2000)  # fmt: skip
    large = bytes(range(256)) * 3600
    digest = expect(Subject.SHA256, "==", hashlib.sha256(large).hexdigest())
    group.says("900 KB", ok(large), UP, expect=digest, timeout=5.0)
    group.says("900 KB in chunks", CHUNKED + b"".join(
        b"400\r\n%b\r\n" % large[at : at + 1024] for at in range(0, len(large), 1024))
        + b"0\r\n\r\n", UP, then="silent", expect=digest, timeout=5.0)  # fmt: skip
    group.says("900 KB of gzip", ok(gzip.compress(large), b"Content-Encoding: gzip"), UP,
               expect=digest, timeout=5.0)  # fmt: skip
    group.says("8 MB under a raised cap", ok(b"x" * 8_000_000 + b"end"), UP, timeout=5.0,
               max_body_bytes=16 << 20, expect=contains("xend"))  # fmt: skip
    group.says("a bomb", ok(bomb(64), b"Content-Encoding: gzip"), TOO_LARGE)
    twice = gzip.compress(bomb(64), mtime=0)
    group.says("a bomb in a bomb", ok(twice, b"Content-Encoding: gzip, gzip"), TOO_LARGE)
    group.says("length of exabytes",
               b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999999999\r\n\r\n" + b"x" * 5000,
               TOO_LARGE, then="silent", max_body_bytes=2000)  # fmt: skip
    group.says("a 16 KB header", ok(b"", b"X-Long: " + b"x" * 16_000), UP)
    group.says("a 60 KB header", ok(b"", b"X-Long: " + b"x" * 60_000), UP)
    group.says(
        "200 KB of headers", ok(b"", *(b"X-%d: " % n + b"x" * 10_000 for n in range(20))), UP
    )
    group.says("1,000 headers", ok(b"", *(b"X-%d: 1" % n for n in range(1000))), UP)
    group.says("300 KB of headers", ok(b"", *(b"X-%d: " % n + b"x" * 10_000 for n in range(30))),
               MALFORMED)  # fmt: skip
    group.says("a header of 300 KB", ok(b"", b"X-Long: " + b"x" * 300_000), MALFORMED)
    group.says("100,000 headers", ok(b"", *(b"X-%d: 1" % n for n in range(100_000))), MALFORMED)
    group.says("5,000 short headers", ok(b"", *(b"X: 1" for _ in range(5000))), MALFORMED)


def _expectations(group: Group) -> None:
    page = b'{"status": "UP", "parts": [1, 2, 3], "deep": {"ok": true}}'
    document = ok(page, b"Content-Type: application/json", b"X-Node: a", b"X-Node: b")

    def json(op: str, value: str | None, path: str) -> object:
        return expect(Subject.JSON, op, value, path=path)

    for name, wanted in (
        ("json ==", json("==", '"UP"', "$.status")),
        ("json length", json("length", "3", "$.parts")),
        ("json is true", json("==", "true", "$.deep.ok")),
        ("json exists", json("exists", None, "$.deep")),
        ("body matches", expect(Subject.BODY, "matches", r"\bUP\b")),
        ("header matches", expect(Subject.HEADER, "matches", "^[ab]$", name="x-node")),
        ("checksum", expect(Subject.SHA256, "==", hashlib.sha256(page).hexdigest())),
        ("size", expect(Subject.BODY_BYTES, "==", len(page))),
        ("no redirects", expect(Subject.REDIRECTS, "==", 0)),
        ("fast enough", expect(Subject.WAIT, "<", 30)),
    ):  # fmt: skip
        group.says(f"expected: {name}", document, UP, expect=wanted)
    for name, wanted, verdict in (
        ("json 1 is not true", json("==", "1", "$.deep.ok"), "down/json_unexpected"),
        ("json absent", json("absent", None, "$.status"), "down/json_unexpected"),
        ("body", expect(Subject.BODY, "not_matches", "U."), "down/body_unexpected"),
        ("body text", contains("nothing"), "down/body_unexpected"),
        ("header", expect(Subject.HEADER, "==", "a", name="X-Node"), "down/header_unexpected"),
        ("checksum", expect(Subject.SHA256, "==", "0" * 64), "down/checksum_unexpected"),
        ("size", expect(Subject.BODY_BYTES, "<", 10), "down/size_unexpected"),
        ("redirects", expect(Subject.REDIRECTS, ">", 0), "down/fact_unexpected"),
        ("tls version", expect(Subject.TLS_VERSION, ">=", "1.2"), "down/fact_unexpected"),
        ("size, mildly", degraded(Subject.BODY_BYTES, "<", 10), "degraded/size_unexpected"),
    ):  # fmt: skip
        group.says(f"missed: {name}", document, verdict, expect=wanted)
    group.says("expected: json after a byte order mark", ok(b"\xef\xbb\xbf" + page), UP,
               expect=json("==", '"UP"', "$.status"))  # fmt: skip
    group.says("expected: json in UTF-16", ok(page.decode().encode("utf-16"),
               b"Content-Type: application/json; charset=utf-16"), UP,
               expect=json("==", '"UP"', "$.status"))  # fmt: skip
    group.says("missed: json of 900 levels", ok(b"[" * 900 + b"]" * 900), "down/json_unexpected",
               expect=json("exists", None, "$"))  # fmt: skip
    group.says("missed: json that is none", ok(b'{"status": NaN}'), "down/json_unexpected",
               expect=json("exists", None, "$"))  # fmt: skip
    group.says("missed: json of something else", ok(b"<html>"), "down/json_unexpected",
               expect=json("exists", None, "$"))  # fmt: skip
    group.says("missed: json of 100,000 levels", ok(b"[" * 100_000), "down/json_unexpected",
               expect=json("exists", None, "$"))  # fmt: skip
    group.does("missed: time", delayed(0.2, ok()), "down/too_slow",
               expect=expect(Subject.TOTAL, "<", 0.1))  # fmt: skip
    group.does("slow, but in time", delayed(0.2, ok()), UP)
    group.does("too slow for the deadline", delayed(30, ok()), SILENT)
