"""Local targets for the uptime benchmark: nginx with good and bad certificates, and a site of broken answers.

Every address of 127.0.0.0/24 up to ADDRESSES is a host of its own, because a prober that spares small servers
limits what it asks of one host at a time.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.faulty_site import Site, closed_port, site

ADDRESSES = 64
DIFFERENT_PAGES = 512
PAGE_TEXT = "Layanan Perizinan Kota Contoh"
_HOSTS = [f"127.0.0.{n}" for n in range(1, ADDRESSES + 1)]
_MODULES = Path("/usr/lib/nginx/modules")
_PARAGRAPH = (
    "<p>Permohonan izin diterima setiap hari kerja, pukul 08.00 sampai 15.00, dan dapat dilacak.</p>\n"
)
PAGE = (
    f'<!doctype html>\n<html lang="id"><head><meta charset="utf-8"><title>{PAGE_TEXT}</title>\n'
    '<link rel="stylesheet" href="/gaya.css"></head><body>\n'
    f"<h1>{PAGE_TEXT}</h1>\n{_PARAGRAPH * 40}</body></html>\n"
)
_FIREWALL = (
    "<html><head><title>Request Rejected</title></head><body>The requested URL was rejected. "
    "Your support ID is: 123456</body></html>"
)


@dataclass(frozen=True)
class Fault:
    """A target on which the probers must agree: `is_up` is what a visitor would say of it."""

    name: str
    url: str
    is_up: bool
    needs_text: bool = False


@dataclass(frozen=True)
class Targets:
    """Where everything is served, and the file of the issuer to trust."""

    ca_file: Path
    http_port: int
    https_port: int
    rsa_port: int
    blackbox_port: int
    faults: tuple[Fault, ...]
    server: int
    """The process of nginx whose children serve."""

    def urls(self, scheme: str, path: str, count: int) -> list[str]:
        """`count` addresses, host by host in turn; the scheme ``https-rsa`` asks for an RSA certificate.

        ``{}`` in `path` becomes a number, below DIFFERENT_PAGES.
        """
        port = {"http": self.http_port, "https": self.https_port, "https-rsa": self.rsa_port}[scheme]
        protocol = scheme.partition("-")[0]
        return [
            f"{protocol}://{_HOSTS[n % ADDRESSES]}:{port}{path.format(n % DIFFERENT_PAGES)}?n={n}"
            for n in range(count)
        ]


class MissingToolError(Exception):
    """A program that the benchmark needs is not installed."""


@contextmanager
def serve(folder: Path) -> Iterator[Targets]:
    """Serve all targets as long as the context lasts; `folder` is for configuration and certificates."""
    if not (_MODULES / "ngx_http_echo_module.so").exists():
        raise MissingToolError(
            "nginx with its echo module is needed: apt-get install nginx-light libnginx-mod-http-echo"
        )
    (folder / "www").mkdir()
    (folder / "www" / "index.html").write_text(PAGE, encoding="utf-8")
    (folder / "www" / "beda").mkdir()
    for n in range(DIFFERENT_PAGES):
        page = PAGE.replace("<h1>", f"<h1>{n}. ")
        (folder / "www" / "beda" / f"{n}.html").write_text(page, encoding="utf-8")
    # The workers of a root nginx are somebody else.
    for open_to_workers in (folder, folder / "www", folder / "www" / "beda"):
        open_to_workers.chmod(0o755)
    issuers = _write_certificates(folder)
    names = (
        "http",
        "https",
        "rsa",
        "expired",
        "self_signed",
        "wrong_host",
        "incomplete_chain",
        "unknown_root",
    )
    ports = dict(zip(names, _free_ports(len(names)), strict=True))
    configuration = folder / "nginx.conf"
    configuration.write_text(_nginx_configuration(folder, ports), encoding="utf-8")
    command = ["nginx", "-p", str(folder), "-c", str(configuration), "-e", str(folder / "error.log")]
    nginx = subprocess.Popen([*command, "-g", "daemon off;"])
    try:
        with site() as broken:
            _wait_for(ports["http"], nginx, folder / "error.log")
            yield Targets(
                ca_file=issuers,
                http_port=ports["http"],
                https_port=ports["https"],
                rsa_port=ports["rsa"],
                blackbox_port=closed_port(),
                faults=tuple(_faults(ports, broken, closed_port())),
                server=nginx.pid,
            )
    finally:
        nginx.terminate()
        nginx.wait(10)


def _faults(ports: dict[str, int], broken: Site, closed: int) -> Iterator[Fault]:
    plain = f"http://127.0.0.1:{ports['http']}"
    secure = f"https://127.0.0.1:{ports['https']}"
    yield Fault("halaman baik", f"{plain}/", True)
    yield Fault("halaman baik, TLS", f"{secure}/", True)
    yield Fault("teks ada", f"{plain}/", True, needs_text=True)
    yield Fault("pengalihan ke halaman baik", f"{plain}/pindah", True)
    yield Fault("http ke https", f"{plain}/ke-https", True)
    yield Fault("lambat 1 detik", f"{plain}/lambat-1000", True)
    for status in (403, 404, 410, 429, 500, 502, 503):
        yield Fault(f"HTTP {status}", f"{plain}/{status}", False)
    yield Fault("teks tidak ada", f"{plain}/kosong", False, needs_text=True)
    yield Fault("halaman firewall", f"{plain}/firewall", False, needs_text=True)
    yield Fault("pengalihan tanpa akhir", f"{plain}/putar", False)
    yield Fault("pengalihan ke 404", f"{plain}/pindah-404", False)
    yield Fault("pengalihan ke port tertutup", f"{plain}/ke-tertutup/{closed}", False)
    yield Fault("tanpa jawaban", f"{plain}/diam", False)
    yield Fault("tidak selesai", f"{plain}/macet", False)
    yield Fault("port tertutup", f"http://127.0.0.1:{closed}/", False)
    yield Fault("nama host tidak ada", "http://layanan.tidak-ada.invalid/", False)
    yield Fault("https pada port http", f"https://127.0.0.1:{ports['http']}/", False)
    for path in ("reset", "cut", "garbage", "drip"):
        yield Fault(f"jawaban rusak: {path}", f"{broken.url}/{path}", False)
    for fault in ("expired", "self_signed", "wrong_host", "incomplete_chain", "unknown_root"):
        yield Fault(f"TLS {fault}", f"https://127.0.0.1:{ports[fault]}/", False)


def _nginx_configuration(folder: Path, ports: dict[str, int]) -> str:
    listeners = "\n".join(
        f"    server {{ listen {port} ssl backlog=4096; ssl_certificate {folder}/{name}.pem; "
        f"ssl_certificate_key {folder}/{name}.key; include {folder}/places.conf; }}"
        for name, port in ports.items()
        if name != "http"
    )
    statuses = "\n".join(
        f"location = /{status} {{ return {status}; }}" for status in (403, 404, 410, 429, 500, 502, 503)
    )
    (folder / "places.conf").write_text(
        f"""root {folder}/www;
location = / {{ try_files /index.html =404; }}
location = /lambat-100 {{ echo_sleep 0.1; echo '<title>{PAGE_TEXT}</title>'; }}
location = /lambat-1000 {{ echo_sleep 1; echo '<title>{PAGE_TEXT}</title>'; }}
location = /macet {{ echo_sleep 30; echo ''; }}
location = /kosong {{ return 200 '<title>Selamat datang</title>'; }}
location = /firewall {{ return 200 '{_FIREWALL}'; }}
location = /diam {{ return 444; }}
location = /pindah {{ return 302 /; }}
location = /pindah-404 {{ return 302 /404; }}
location = /putar {{ return 302 /putar; }}
location = /ke-https {{ return 301 https://127.0.0.1:{ports["https"]}/; }}
location ~ ^/ke-tertutup/(?<tertutup>[0-9]+)$ {{ return 302 http://127.0.0.1:$tertutup/; }}
{statuses}
""",
        encoding="utf-8",
    )
    return f"""load_module {_MODULES}/ngx_http_echo_module.so;
worker_processes {os.cpu_count() or 1};
pid {folder}/nginx.pid;
worker_rlimit_nofile 16384;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    default_type text/html;
    types {{ text/html html; }}
    open_file_cache max=1000;
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
    uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
    # A first visitor has no session to resume, so nobody may here.
    ssl_session_cache off;
    ssl_session_tickets off;
    server {{ listen {ports["http"]} backlog=4096; include {folder}/places.conf; }}
{listeners}
}}
"""


def _free_ports(count: int) -> list[int]:
    held = [socket.create_server(("0.0.0.0", 0)) for _ in range(count)]
    ports = [int(one.getsockname()[1]) for one in held]
    for one in held:
        one.close()
    return ports


def _wait_for(port: int, nginx: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until and nginx.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise MissingToolError(f"nginx does not answer: {log.read_text(encoding='utf-8')[-500:]}")


_Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def _write_certificates(folder: Path) -> Path:
    """One key and chain per listener; returns the file of the root to trust."""
    root_key, middle_key, strange_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    root = _signed("Akar Uji", root_key, "Akar Uji", root_key, is_issuer=True)
    middle = _signed("Antara Uji", middle_key, "Akar Uji", root_key, is_issuer=True)
    addresses = [x509.IPAddress(ipaddress.ip_address(host)) for host in _HOSTS]
    ended = datetime(2020, 1, 1, tzinfo=UTC)

    def leaf(
        name: str, key: _Key, issuer: str, issuer_key: _Key, *chain: x509.Certificate, **kind: object
    ) -> None:
        names = [x509.DNSName("lain.contoh.test")] if kind.get("is_elsewhere") else addresses
        ends = ended if kind.get("is_over") else None
        certificates = (_signed(name, key, issuer, issuer_key, names=names, ends=ends), *chain)
        pem = b"".join(one.public_bytes(serialization.Encoding.PEM) for one in certificates)
        (folder / f"{name}.pem").write_bytes(pem)
        (folder / f"{name}.key").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )

    def fresh() -> ec.EllipticCurvePrivateKey:
        return ec.generate_private_key(ec.SECP256R1())

    leaf("https", fresh(), "Antara Uji", middle_key, middle)
    leaf("rsa", rsa.generate_private_key(65537, 2048), "Antara Uji", middle_key, middle)
    leaf("expired", fresh(), "Antara Uji", middle_key, middle, is_over=True)
    leaf("wrong_host", fresh(), "Antara Uji", middle_key, middle, is_elsewhere=True)
    leaf("incomplete_chain", fresh(), "Antara Uji", middle_key)
    leaf("unknown_root", fresh(), "Akar Asing", strange_key)
    own = fresh()
    leaf("self_signed", own, "self_signed", own)
    ca_file = folder / "akar.pem"
    ca_file.write_bytes(root.public_bytes(serialization.Encoding.PEM))
    return ca_file


def _signed(
    name: str,
    key: _Key,
    issuer: str,
    issuer_key: _Key,
    *,
    is_issuer: bool = False,
    names: list[x509.IPAddress] | list[x509.DNSName] | None = None,
    ends: datetime | None = None,
) -> x509.Certificate:
    ends = ends or datetime.now(UTC) + timedelta(days=60)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(ends - timedelta(days=90))
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=is_issuer, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())
