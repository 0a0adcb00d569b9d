"""The program from its start to its end, without a call."""
import signal
import socket

from program import GOOD, run


def test_it_starts_answers_and_ends(gateway):
    g = gateway().wait_ready()
    assert "started" in g.wait_log("engine=embedded")
    assert g.get("/health") == (200, {"status": "ok"})
    status, stats = g.get("/stats")
    assert status == 200
    assert stats == {"activeCalls": 0, "internalProfileRunning": True,
                     "externalProfileRunning": True, "registrations": 0}
    assert g.get("/nothing")[0] == 404
    assert g.get("/stats", "POST")[0] == 405
    assert g.stop() == 0, g.text()


def test_a_fresh_start_with_the_same_state(gateway, tmp_path):
    state = str(tmp_path / "kept")
    for _ in range(2):
        g = gateway(JIGATE_STATE_DIR=state).wait_ready()
        assert g.stop() == 0, g.text()


def test_health_asks_the_one_that_runs(gateway):
    g = gateway().wait_ready()
    asked = {"REST_PORT": g.env["REST_PORT"]}  # no secret is needed
    assert run("--health", env=asked).returncode == 0
    assert g.stop() == 0, g.text()
    result = run("--health", env=asked)
    assert result.returncode == 1
    assert "/health" in result.stderr


def test_sigint_ends_it_and_sighup_does_not(gateway):
    g = gateway().wait_ready()
    g.signal(signal.SIGHUP)
    g.wait_log("SIGHUP")
    assert g.get("/health")[0] == 200
    g.signal(signal.SIGINT)
    assert g.process.wait(15) == 0, g.text()
    assert "told to stop" in g.text()


def test_a_port_in_use_is_told_with_what_to_do(gateway):
    first = gateway().wait_ready()
    second = gateway(REST_PORT=first.env["REST_PORT"])
    assert second.process.wait(15) == 1
    assert "REST_PORT" in second.text()
    third = gateway(
        FREESWITCH_EXTERNAL_SIP_PORT=first.env["FREESWITCH_EXTERNAL_SIP_PORT"])
    assert third.process.wait(15) == 1
    assert first.get("/health")[0] == 200


def test_a_missing_certificate_is_told_with_its_path(gateway, tmp_path):
    g = gateway(FREESWITCH_TLS_PORT="5061", FREESWITCH_TLS_DIR=str(tmp_path))
    assert g.process.wait(15) == 1
    assert f"cannot use {tmp_path}/agent.pem: No such file" in g.text()


def test_no_secret_is_logged(gateway):
    g = gateway(LOG_LEVEL="debug").wait_ready()
    assert g.stop() == 0, g.text()
    for name, value in GOOD.items():
        if "PASSWORD" in name:
            assert value not in g.text()


def test_the_service_manager_is_told(gateway, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(15)
        g = gateway(NOTIFY_SOCKET=str(tmp_path / "notify"),
                    WATCHDOG_USEC="400000")
        told = [manager.recv(100) for _ in range(4)]
        assert b"READY=1" in told
        assert told.count(b"WATCHDOG=1") == 3
        assert g.stop() == 0, g.text()
        while manager.recv(100) != b"STOPPING=1":
            pass
