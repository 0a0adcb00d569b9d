"""jigate --help, --sample, --version and what is no option."""
import re

from program import ROOT, run


def settings_of_help(text):
    return re.findall(r"^  ([A-Z][A-Z0-9_]+)$", text, re.MULTILINE)


def settings_of_sample(text):
    return re.findall(r"^#?([A-Z][A-Z0-9_]+)=", text, re.MULTILINE)


def test_help_and_sample_hold_the_same_settings():
    shown = run("--help", env={})
    sample = run("--sample", env={})
    assert shown.returncode == 0 and sample.returncode == 0
    assert shown.stderr == "" and sample.stderr == ""
    assert len(settings_of_help(shown.stdout)) > 40
    assert settings_of_help(shown.stdout) == settings_of_sample(sample.stdout)


def test_help_fits_80_columns():
    text = run("--help", env={}).stdout
    assert all(len(line) < 80 for line in text.splitlines())
    assert run("-h", env={}).stdout == text


def test_help_names_every_option():
    text = run("--help", env={}).stdout
    for option in ("--config", "--check", "--health", "--sample", "--help",
                   "--version"):
        assert option in text


def test_version_is_the_build_s():
    build = (ROOT / "meson.build").read_text(encoding="utf-8")
    version = re.search(r"version: '([^']+)'", build).group(1)
    assert run("--version", env={}).stdout == f"jigate {version}\n"
    assert run("-V", env={}).stdout == f"jigate {version}\n"


def test_what_is_no_option_is_refused_with_a_hint():
    for args in (["--nonsense"], ["-x"], ["start"], ["--config"]):
        result = run(*args)
        assert result.returncode == 2
        assert "jigate --help" in result.stderr
