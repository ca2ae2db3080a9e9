"""A private certificate authority: root, intermediate, and certificates for "localhost"."""

import datetime
import ipaddress
import itertools
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

SERIALS = itertools.count(1)


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


class Authority:
    def __init__(self, folder):
        self.folder = folder
        self.root_key, self.root = self.make("Test Root", ca=True)
        self.middle_key, self.middle = self.make("Test Intermediate", self.root_key, self.root, ca=True)
        self.file = folder / "root.pem"
        self.file.write_bytes(pem(self.root))

    def make(self, name, issuer_key=None, issuer=None, ca=False, days=30):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.datetime.utcnow()
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.subject if issuer else subject)
            .public_key(key.public_key())
            .serial_number(next(SERIALS))
            .not_valid_before(now - datetime.timedelta(days=60))
            .not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if not ca:
            names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return key, builder.sign(issuer_key or key, hashes.SHA256())

    def issue(self, name="server", days=30):
        """Writes NAME.pem (with the intermediate) and NAME.key; returns their paths and the serial number."""
        key, certificate = self.make(name, self.middle_key, self.middle, days=days)
        chain, secret = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        chain.write_bytes(pem(certificate) + pem(self.middle))
        secret.touch(mode=0o600)
        secret.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return chain, secret, certificate.serial_number

    @staticmethod
    def expires(chain):
        certificate = x509.load_pem_x509_certificate(chain.read_bytes())
        return int(certificate.not_valid_after.replace(tzinfo=datetime.timezone.utc).timestamp())

    def context(self):
        """Of a client that trusts the root alone."""
        return ssl.create_default_context(cafile=str(self.file))


def serial_of(sock):
    """Of the certificate that the other side of a TLS socket showed."""
    return x509.load_der_x509_certificate(sock.getpeercert(binary_form=True)).serial_number
