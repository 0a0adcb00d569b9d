# jigate/jigate: the gateway, its prompts and the libraries they need, and
# nothing else: no shell, no package manager. ./build.sh builds it.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build
COPY scripts/install-deps /src/scripts/install-deps
RUN /src/scripts/install-deps build run
COPY . /src
RUN cd /src && \
    meson setup /build --prefix=/usr --buildtype=release --strip \
        -Dtests=false && \
    meson compile -C /build && \
    meson install -C /build --no-rebuild --destdir=/installed
RUN /src/deploy/image-root /installed /image && mkdir /state

FROM scratch
ARG VERSION=dev
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="Jigate" \
      org.opencontainers.image.description="SIP gateway: phones into Jitsi Meet, by way of Jigasi" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
COPY --from=build /image /
COPY --from=build --chown=1000:1000 /state /var/lib/jigate
USER 1000:1000
VOLUME /var/lib/jigate
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["/usr/bin/jigate", "--health"]
ENTRYPOINT ["/usr/bin/jigate"]
