"""Certificates for tests: a root, one between, and servers' below it."""
import pathlib
import subprocess


class Authority:
    """Made in a folder by openssl; root is the file that a client trusts."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.root = self.folder / "root.pem"
        self._issue("root", "Test root", None, "CA:TRUE")
        self._issue("between", "Test between", "root", "CA:TRUE")

    def _run(self, *args):
        subprocess.run(["openssl", *args], cwd=self.folder, check=True,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def _issue(self, name, subject, issuer, basic, names=(), days=2):
        extensions = [f"basicConstraints=critical,{basic}"]
        if names:
            extensions.append("subjectAltName=" + ",".join(names))
        (self.folder / f"{name}.ext").write_text("\n".join(extensions))
        self._run("req", "-newkey", "ec", "-pkeyopt",
                  "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
                  f"/CN={subject}", "-keyout", f"{name}.key", "-out",
                  f"{name}.csr")
        signer = ["-signkey", f"{name}.key"] if issuer is None else [
            "-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.key",
            "-CAcreateserial"]
        self._run("x509", "-req", "-in", f"{name}.csr", "-days", str(days),
                  "-extfile", f"{name}.ext", "-out", f"{name}.pem", *signer)

    def server(self, folder, host, chain=True, days=2, names=None):
        """Write FOLDER/agent.pem for this host name; names as they stand in
        a certificate, days < 0: it has expired."""
        self._issue(host, host, "between", "CA:FALSE",
                    names or [f"DNS:{host}"], days)
        parts = [f"{host}.key", f"{host}.pem"] + chain * ["between.pem"]
        folder = pathlib.Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "agent.pem").write_text("".join(
            (self.folder / p).read_text() for p in parts))
