"""TLS for a client without sockets: bytes in, bytes out, over OpenSSL's C functions.

Measured against what Python has otherwise: with one context for all connections, without the post-quantum key
share and without a layer in between, a handshake costs two thirds of what libcurl or the ssl module take. The
OpenSSL is the one inside the wheel of `cryptography`, by the names that pyOpenSSL uses.
"""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path

from cryptography.hazmat.bindings.openssl.binding import Binding

from collectors.certificates import CIPHERS, TlsFault, tls_fault

_LIB = Binding().lib
_FFI = Binding().ffi
_RECORD = 16384
_BUFFER = 65536
# Without the post-quantum share that OpenSSL adds: a quarter of the CPU, and the hello fits one packet,
# which old firewalls insist on.
_GROUPS = b"X25519:P-256:P-384:P-521"
_PROTOCOLS = b"\x08http/1.1"
_VERIFY_FAILED = "certificate verify failed"


class TlsError(Exception):
    """No secure connection; `fault` names what is wrong, where it is the certificate."""

    def __init__(self, message: str, fault: TlsFault = "tls_other") -> None:
        super().__init__(message)
        self.fault = fault


class Trust:
    """Whom connections trust: the issuers in `ca_file`, or anyone where that is None.

    It is used by one thread, and lasts as long as its streams.
    """

    def __init__(self, ca_file: Path | None) -> None:
        self.verifies = ca_file is not None
        context = _LIB.SSL_CTX_new(_LIB.TLS_method())
        self.context = _FFI.gc(context, _LIB.SSL_CTX_free)
        _LIB.SSL_CTX_set_min_proto_version(context, _LIB.TLS1_2_VERSION)
        # A first visitor has no session to resume, and none is kept.
        _LIB.SSL_CTX_set_session_cache_mode(context, _LIB.SSL_SESS_CACHE_OFF)
        # Servers without the renegotiation of 2010 are opened by every browser.
        _LIB.SSL_CTX_set_options(context, _LIB.SSL_OP_NO_TICKET | _LIB.SSL_OP_LEGACY_SERVER_CONNECT)
        _LIB.SSL_CTX_set_cipher_list(context, CIPHERS.encode())
        _LIB.SSL_CTX_set1_curves_list(context, _GROUPS)
        _LIB.SSL_CTX_set_alpn_protos(context, _PROTOCOLS, len(_PROTOCOLS))
        if ca_file is None:
            _LIB.SSL_CTX_set_verify(context, _LIB.SSL_VERIFY_NONE, _FFI.NULL)
        else:
            _LIB.SSL_CTX_set_verify(context, _LIB.SSL_VERIFY_PEER, _FFI.NULL)
            if not _LIB.SSL_CTX_load_verify_locations(context, os.fsencode(ca_file), _FFI.NULL):
                raise TlsError(f"{ca_file}: {_last_error()}")
            # An intermediate issuer in the file is trusted as well, whether or not its root is there.
            store = _LIB.SSL_CTX_get_cert_store(context)
            _LIB.X509_STORE_set_flags(store, _LIB.X509_V_FLAG_PARTIAL_CHAIN)
        self.buffer = _FFI.new("char[]", _BUFFER)
        self.view = _FFI.buffer(self.buffer)


class TlsStream:
    """One connection to `host`, from its handshake on; `close` when done with it."""

    __slots__ = ("_inward", "_is_open", "_outward", "_ssl", "_trust")

    def __init__(self, trust: Trust, host: str) -> None:
        self._trust = trust
        self._ssl = _LIB.SSL_new(trust.context)
        memory = _LIB.BIO_s_mem()
        self._inward, self._outward = _LIB.BIO_new(memory), _LIB.BIO_new(memory)
        _LIB.SSL_set_bio(self._ssl, self._inward, self._outward)
        _LIB.SSL_set_connect_state(self._ssl)
        self._is_open = True
        self._expect(host)

    def _expect(self, host: str) -> None:
        """The certificate must be for `host`."""
        parameters = _LIB.SSL_get0_param(self._ssl)
        try:
            address = ipaddress.ip_address(host.partition("%")[0]).packed
        except ValueError:
            name = host.rstrip(".").encode()
            _LIB.SSL_set_tlsext_host_name(self._ssl, name)
            _LIB.X509_VERIFY_PARAM_set_hostflags(parameters, _LIB.X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS)
            # A length of 0 would mean that there is nothing to compare.
            is_set = name and _LIB.X509_VERIFY_PARAM_set1_host(parameters, name, len(name))
        else:
            is_set = _LIB.X509_VERIFY_PARAM_set1_ip(parameters, address, len(address))
        if not is_set:
            self.close()
            raise TlsError(f"{host!r} cannot be looked for in a certificate")

    def close(self) -> None:
        if self._is_open:
            self._is_open = False
            _LIB.SSL_free(self._ssl)  # and what it reads from and writes to

    def receive(self, data: bytes) -> None:
        """Bytes from the network."""
        _LIB.BIO_write(self._inward, data, len(data))

    def to_send(self) -> bytes:
        """Bytes for the network."""
        size = _LIB.BIO_read(self._outward, self._trust.buffer, _BUFFER)
        return self._trust.view[:size] if size > 0 else b""

    def handshake(self) -> bool:
        """Go on with the handshake; whether it is done. Raises TlsError."""
        _LIB.ERR_clear_error()
        result = _LIB.SSL_do_handshake(self._ssl)
        if result == 1:
            return True
        if _LIB.SSL_get_error(self._ssl, result) == _LIB.SSL_ERROR_WANT_READ:
            return False
        message = _last_error()
        verified = _LIB.SSL_get_verify_result(self._ssl)
        if self._trust.verifies and _VERIFY_FAILED in message:
            said = _FFI.string(_LIB.X509_verify_cert_error_string(verified)).decode()
            raise TlsError(said, tls_fault(verified))
        raise TlsError(message)

    def write(self, data: bytes) -> None:
        """Encrypt; what comes of it is `to_send`. Raises TlsError."""
        _LIB.ERR_clear_error()
        if _LIB.SSL_write(self._ssl, data, len(data)) != len(data):
            raise TlsError(_last_error())

    def read(self) -> bytes | None:
        """What has been received and is decrypted, at most one record; nothing where none is whole.

        None where the other side has said that no more comes. Raises TlsError where the stream is damaged.
        """
        trust = self._trust
        _LIB.ERR_clear_error()
        size = _LIB.SSL_read(self._ssl, trust.buffer, _RECORD)
        if size > 0:
            return bytes(trust.view[:size])
        error = _LIB.SSL_get_error(self._ssl, size)
        if error == _LIB.SSL_ERROR_WANT_READ:
            return b""
        if error == _LIB.SSL_ERROR_ZERO_RETURN:
            return None
        raise TlsError(_last_error())

    def certificate(self) -> bytes | None:
        """The server's own certificate in DER."""
        found = _LIB.SSL_get_peer_certificate(self._ssl)
        if found == _FFI.NULL:
            return None
        memory = _LIB.BIO_new(_LIB.BIO_s_mem())
        try:
            _LIB.i2d_X509_bio(memory, found)
            size = _LIB.BIO_read(memory, self._trust.buffer, _BUFFER)
            return self._trust.view[:size] if 0 < size < _BUFFER else None
        finally:
            _LIB.BIO_free(memory)
            _LIB.X509_free(found)


def _last_error() -> str:
    """What OpenSSL says of its last failure in this thread."""
    code = _LIB.ERR_get_error()
    _LIB.ERR_clear_error()
    said = _LIB.ERR_reason_error_string(code) if code else _FFI.NULL
    return "TLS failed" if said == _FFI.NULL else _FFI.string(said).decode("utf-8", "replace")
