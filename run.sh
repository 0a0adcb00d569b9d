#!/bin/sh
# Start the gateway from a fresh clone.
#
#   ./run.sh           the gateway, in the foreground; tells how to register
#   ./run.sh --demo    a phone call into a meeting, on this machine alone
set -eu
cd "$(dirname "$0")"
root=$PWD
build=$root/build
settings=$root/jigate.local.env

usage() {
    sed -n '2,5s/^# \{0,1\}//p' "$0"
    exit "$1"
}

demo=
case ${1-} in
"") ;;
--demo) demo=1 ;;
-h | --help) usage 0 ;;
*) usage 2 >&2 ;;
esac

fail() {
    [ -z "$demo" ] || echo "demo failed: $1"
    [ -n "$demo" ] || echo "run.sh: $1" >&2
    exit 1
}

build_it() {
    log=$root/build/run.log
    mkdir -p "$build"
    [ -x "$build/src/jigate" ] || echo "Building (the first time takes a minute) …"
    {
        [ -f "$build/build.ninja" ] ||
            meson setup "$build" --buildtype=release
        meson compile -C "$build"
    } >"$log" 2>&1 || {
        tail -n 30 "$log" >&2
        fail "the build did not succeed, see $log"
    }
}

secret() {
    od -An -N16 -tx1 /dev/urandom | tr -d ' \n'
}

# value NAME DEFAULT: from the environment, the settings file, or DEFAULT.
value() {
    if [ -n "$(printenv "$1")" ]; then
        printenv "$1"
    elif grep -q "^$1=" "$settings"; then
        sed -n "s/^$1=//p" "$settings" | tail -n 1
    else
        echo "$2"
    fi
}

# The address that others on the network reach us at.
own_address() {
    /usr/bin/python3 - <<'PY'
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
try:
    s.connect(("192.0.2.1", 9))  # sends nothing
    print(s.getsockname()[0])
except OSError:
    print("127.0.0.1")
PY
}

scripts/install-deps build run || fail "packages are missing"
build_it

if [ -n "$demo" ]; then
    export JIGATE_BIN="$build/src/jigate" JIGATE_SOUNDS_DIR="$build/sounds"
    exec /usr/bin/python3 -B tests/tools/demo.py "$build/demo.wav"
fi

if ! [ -e "$settings" ]; then
    (
        umask 077
        cat >"$settings" <<END
# Made by run.sh; read by every later ./run.sh. "jigate --help" lists what
# else may stand here.
FREESWITCH_REGISTRATION_PASSWORD=$(secret)
JIGASI_SIP_PASSWORD=$(secret)
END
    )
    echo "Passwords were made and are kept in jigate.local.env."
fi

external=$(value FREESWITCH_EXTERNAL_IP "$(own_address)")
external_port=$(value FREESWITCH_EXTERNAL_SIP_PORT 5060)
internal=$(value FREESWITCH_INTERNAL_IP 127.0.0.1)
internal_port=$(value JIGASI_SIP_PORT "$(
    [ "$internal" = "$external" ] && echo 5070 || echo 5060)")
user=$(value FREESWITCH_REGISTRATION_USERNAME user)
uri=$(value JIGASI_SIP_URI jigasi@meet.jitsi)
export FREESWITCH_EXTERNAL_IP="$external" FREESWITCH_INTERNAL_IP="$internal"
JIGATE_STATE_DIR=$(value JIGATE_STATE_DIR "$root/run/state")
JIGATE_SOUNDS_DIR=$(value JIGATE_SOUNDS_DIR "$build/sounds")
export JIGATE_STATE_DIR JIGATE_SOUNDS_DIR
mkdir -p "$JIGATE_STATE_DIR"

# Passwords are for the eyes at a terminal, not for a log.
phone_password="FREESWITCH_REGISTRATION_PASSWORD in jigate.local.env"
jigasi_password="(see jigate.local.env)"
if [ -t 1 ]; then
    phone_password=$(value FREESWITCH_REGISTRATION_PASSWORD "")
    jigasi_password=$(value JIGASI_SIP_PASSWORD "")
fi

cat <<END

A phone registers as   "Your name" <sip:$user@${uri#*@}>
    server             $external:$external_port, UDP or TCP
    user               $user
    password           $phone_password
then call 1000 and key in a meeting id, or call a room: room, room.domain

Jigasi registers with (in the .env of docker-jitsi-meet)
    JIGASI_SIP_URI=$uri
    JIGASI_SIP_PASSWORD=$jigasi_password
    JIGASI_SIP_SERVER=$internal
    JIGASI_SIP_PORT=$internal_port

Without either at hand, in two other terminals:
    SIP_PASSWORD=… tests/tools/jigasi.py --server $internal:$internal_port
    SIP_PASSWORD=… tests/tools/phone.py --server $external:$external_port \\
        --ip $external --call 1000 --keys '1234#' --wav heard.wav

State of the gateway:  curl http://$(value JIGATE_REST_ADDRESS 127.0.0.1):$(value REST_PORT 8080)/stats
End it with Ctrl-C.

END
exec "$build/src/jigate" --config "$settings"
