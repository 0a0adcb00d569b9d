"""Fixtures of the tests of packages and images. What this machine cannot
run is skipped with the reason; the summary counts it."""
import functools
import pathlib
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import box  # noqa: E402
from places import BINARY  # noqa: E402


@pytest.fixture(scope="session")
def workshop():
    """A folder for all of it, gone at the end."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="jigate-deploy-"))
    yield folder
    left = box.left_behind(folder)
    box.remove(folder)
    assert not left, "this should be gone by now"


@pytest.fixture(scope="session")
def says():
    """What the program prints: says("--help")."""
    return lambda option: subprocess.run(
        [BINARY, option], check=True, stdout=subprocess.PIPE, text=True).stdout


def or_skip(make, *arguments):
    try:
        return make(*arguments)
    except box.Cannot as e:
        pytest.skip(str(e))


class Builds:
    """What takes long is begun at once, beside everything else."""

    def __init__(self, folder):
        self.pool = ThreadPoolExecutor(2)
        self.folder = folder

    @functools.cached_property
    def debian(self):
        return self.pool.submit(box.debian, self.folder)

    @functools.cached_property
    def package(self):
        return self.pool.submit(self.build)

    def build(self):
        box.need("dpkg-buildpackage", "dh", "lintian")
        source = self.folder / "package" / "jigate"
        source.mkdir(parents=True)
        box.sources(source)
        box.run("dpkg-buildpackage", "-us", "-uc", "-b", cwd=source)
        return next(source.parent.glob("jigate_*.deb"))


@pytest.fixture(scope="session")
def builds(workshop):
    b = Builds(workshop)
    yield b
    b.pool.shutdown()


@pytest.fixture(scope="session", autouse=True)
def begin(request):
    wanted = set().union(*(i.fixturenames for i in request.session.items))
    for fixture, build in (("debian_tar", "debian"), ("package", "package")):
        if fixture in wanted:
            getattr(request.getfixturevalue("builds"), build)


@pytest.fixture(scope="session")
def debian_tar(builds):
    return or_skip(builds.debian.result)


@pytest.fixture(scope="session")
def docker(workshop):
    folder = workshop / "docker"
    folder.mkdir()
    d = or_skip(box.Docker, folder)
    yield d
    d.stop()


@pytest.fixture(scope="session")
def image(docker, debian_tar, workshop):
    """The name of the image, built as build.sh does."""
    docker("import", debian_tar, "debian:bookworm-slim")
    context = workshop / "context"
    context.mkdir()
    box.sources(context)
    box.run("./build.sh", "jigate", "--", "--network=host", cwd=context,
            env=docker.environment)
    return "jigate/jigate:latest"


@pytest.fixture(scope="session")
def package(builds):
    return or_skip(builds.package.result)


@pytest.fixture(scope="session")
def machine(package, debian_tar, workshop):
    m = or_skip(box.Machine, debian_tar, workshop)
    yield m
    m.stop()
