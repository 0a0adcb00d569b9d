#!/bin/sh
# Build the Docker images jigate/jigate and jigate/freeswitch.
#
#   ./build.sh [IMAGE]… [-- OPTION…]       IMAGE: jigate freeswitch
#
# OPTION is handed to "docker build". TAG (latest) names the version, DOCKER
# the command.
set -eu
cd "$(dirname "$0")"

usage() {
    sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

images=
while [ $# -gt 0 ]; do
    case $1 in
    jigate | freeswitch) images="$images $1" ;;
    --)
        shift
        break
        ;;
    *) usage ;;
    esac
    shift
done

version=$(sed -n "s/^ *version: '\(.*\)',/\1/p" meson.build)
revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
for image in ${images:-jigate freeswitch}; do
    file=Dockerfile
    [ "$image" = jigate ] || file=$image/Dockerfile
    "${DOCKER:-docker}" build --build-arg VERSION="$version" \
        --build-arg REVISION="$revision" \
        --build-arg CREATED="$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
        -t "jigate/$image:${TAG:-latest}" "$@" -f "$file" .
done
