#!/usr/bin/env python3
"""Seeds for the fuzz targets, from the fixtures of the tests and a few small files made here: seeds.py FOLDER."""

import base64
import gzip
import io
import pathlib
import re
import ssl
import struct
import subprocess
import sys
import tempfile
import zipfile

CRATES = pathlib.Path(__file__).resolve().parent.parent / "crates"


def android_manifest() -> bytes:
    """A compiled AndroidManifest.xml: a pool of strings and one element."""
    strings = ["", "", "manifest", "package", "org.example.app", "3.1"]
    offsets, data = b"", b""
    for text in strings:
        offsets += struct.pack("<I", len(data))
        data += bytes([len(text), len(text)]) + text.encode() + b"\0"
    none = 0xFFFFFFFF

    def chunk(kind: int, body: bytes) -> bytes:
        return struct.pack("<II", kind, len(body) + 8) + body

    pool = struct.pack("<5I", len(strings), 0, 0x100, 28 + len(offsets), 0) + offsets + data
    attributes = b"".join(
        struct.pack("<5I", none, name, none, 8 | kind << 24, value) for name, kind, value in [(0, 16, 31), (1, 3, 5), (3, 3, 4)]
    )
    element = struct.pack("<7I", 1, none, none, 2, 20 | 20 << 16, 3, 0) + attributes
    names = struct.pack("<2I", 0x0101021B, 0x0101021C)
    return chunk(0x00080003, chunk(0x001C0001, pool) + chunk(0x00080180, names) + chunk(0x00100102, element))


def android_package() -> bytes:
    """A package with a manifest, code that names an address, and an empty signing block."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("AndroidManifest.xml", android_manifest())
        packed.writestr("classes.dex", b"..http://cdn.example.test/a.m3u8\0")
        packed.writestr("META-INF/CERT.RSA", bytes.fromhex("300906036f6964a0023000"))
    whole = file.getvalue()
    at = struct.unpack("<I", whole[-6:-2])[0]
    pair = struct.pack("<QI", 4, 0x7109871A)
    size = len(pair) + 24
    block = struct.pack("<Q", size) + pair + struct.pack("<Q", size) + b"APK Sig Block 42"
    return whole[:at] + block + whole[at:-6] + struct.pack("<I", at + len(block)) + whole[-2:]


def films(folder: pathlib.Path) -> dict[str, bytes]:
    """A second of film in every container that is read in pieces."""
    made = {}
    for name in ["a.mp4", "b.mkv", "c.ts", "d.webm"]:
        path = folder / name
        codec = ["-c:v", "libvpx", "-b:v", "40k"] if name.endswith("webm") else ["-c:v", "libx264", "-g", "5"]
        source = ["-f", "lavfi", "-i", "testsrc=size=64x48:rate=10:duration=1"]
        subprocess.run(["ffmpeg", "-v", "error", "-y", *source, *codec, path], check=True)
        made[name] = path.read_bytes()
    return made


PLAYLISTS = [
    b'#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=640x360,AUDIO="a"\nlow/i.m3u8\n'
    b'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="zh",DEFAULT=YES,URI="s.m3u8"\n',
    b'#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:6\n#EXT-X-MAP:URI="i.mp4",BYTERANGE="700@0"\n'
    b'#EXT-X-KEY:METHOD=AES-128,URI="k",IV=0x0123456789abcdef0123456789abcdef\n'
    b"#EXTINF:6.0,\n#EXT-X-BYTERANGE:1000@700\nf.mp4\n#EXT-X-DISCONTINUITY\n#EXTINF:4,\ng.ts\n#EXT-X-ENDLIST\n",
]
MANIFESTS = [
    b'<MPD type="static" mediaPresentationDuration="PT1H2M3.5S"><BaseURL>v/</BaseURL><Period duration="PT10S">'
    b'<AdaptationSet contentType="video"><SegmentTemplate timescale="1000" media="$RepresentationID$-$Number%05d$.m4s" '
    b'initialization="$RepresentationID$.mp4"><SegmentTimeline><S t="0" d="4000" r="2"/></SegmentTimeline></SegmentTemplate>'
    b'<Representation id="a" bandwidth="90000" width="640" height="360"/></AdaptationSet></Period></MPD>',
    b'<MPD><Period><AdaptationSet mimeType="audio/mp4"><Representation id="b" bandwidth="1"><BaseURL>b.mp4</BaseURL>'
    b'<SegmentBase indexRange="700-900"><Initialization range="0-699"/></SegmentBase></Representation>'
    b'<Representation id="c"><SegmentList duration="4"><SegmentURL media="1.m4s" mediaRange="0-9"/></SegmentList>'
    b"</Representation></AdaptationSet></Period></MPD>",
]
ROBOTS = [
    b"\xef\xbb\xbfUser-agent: *\nDisallow: /a*b$\nAllow: /%e4%bd%a0\nCrawl-delay: 2\nSitemap: http://x.test/s.xml\n",
    b"user-agent: swordnet\nuser-agent: other\rdisallow:/\r\nallow: /p # words\n",
]
SITEMAPS = [
    b"<?xml version='1.0'?><urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><url><loc>http://site.test/?a=1&amp;b=2"
    b"</loc><lastmod>2026-01-02T03:04:05+08:00</lastmod></url></urlset>",
    b"<sitemapindex><sitemap><loc><![CDATA[http://site.test/s2.xml.gz]]></loc></sitemap></sitemapindex>",
]
FEEDS = [
    b"<channel><title>t</title><item><title>a</title><link>http://site.test/1</link><pubDate>Fri, 02 Jan 2026 03:04:05 GMT"
    b"</pubDate><enclosure url='a.mp3' type='audio/mpeg' length='9'/><content:encoded><![CDATA[<p>x]]></content:encoded></item>",
    b'"items":[{"id":"1","url":"http://site.test/1","content_html":"<p>x","attachments":[{"url":"a.mp3","mime_type":"audio/mpeg"}]}]}',
]


def seeds() -> dict[str, list[bytes]]:
    """Target to seeds."""
    fixtures = sorted((CRATES / "crawl/tests/fixtures").rglob("*.*"))
    pages = [path.read_bytes() for path in fixtures if path.suffix == ".html"]
    feeds = [path.read_bytes().removeprefix(b"<rss>") for path in fixtures if path.stem == "feed"]
    packages = [path.read_bytes() for path in sorted((CRATES / "evidence/tests/samples").glob("*.wacz"))]
    archives = []
    for package in packages:
        with zipfile.ZipFile(io.BytesIO(package)) as opened:
            archives += [opened.read(name) for name in opened.namelist() if name.endswith(".warc.gz")]
    prints = [path.read_bytes() for path in sorted((CRATES / "recognise/tests/samples").iterdir())]
    tokens = [path.read_bytes() for path in sorted((CRATES / "evidence/tests/samples").glob("*.pem"))]
    tokens += [ssl.PEM_cert_to_DER_cert(pem.decode()) for pem in tokens if b"CERTIFICATE" in pem]
    for package in packages:
        with zipfile.ZipFile(io.BytesIO(package)) as opened:
            log = opened.read("datapackage-digest.json").decode()
        tokens += [base64.b64decode(token) for token in re.findall(r'"(MII[A-Za-z0-9+/=]{400,})"', log)]
    chinese = "国家版权局等四部门启动打击网络侵权盗版专项行动。" * 9
    with tempfile.TemporaryDirectory() as folder:
        moving = list(films(pathlib.Path(folder)).values())
    return {
        "html": pages,
        "outline": pages,
        "article": pages,
        "charset": [chinese.encode(to) for to in ("gb18030", "utf-16", "utf-8")] + ["繁體中文".encode("big5"), *pages[:3]],
        "robots": ROBOTS,
        "sitemap": [*SITEMAPS, *map(gzip.compress, SITEMAPS)],
        "playlist": PLAYLISTS,
        "manifest": MANIFESTS,
        "feed": FEEDS + feeds,
        "film": moving,
        "apk": [android_package()],
        "wacz": packages,
        "warc": archives + [gzip.decompress(archive) for archive in archives],
        "token": tokens,
        "text": [chinese.encode(), pages[0]],
        "sound_segment": [],
        "visual_segment": prints,
    }


def main() -> None:
    for target, contents in seeds().items():
        folder = pathlib.Path(sys.argv[1]) / target
        folder.mkdir(parents=True, exist_ok=True)
        for number, content in enumerate(contents):
            (folder / f"seed-{number}").write_bytes(content)


main()
