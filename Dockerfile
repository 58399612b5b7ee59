# `gm` in an image: docker run --rm -it -v ~/.aws:/home/gm/.aws:ro -v gm-state:/home/gm/.local/state/gm gm list
#
# Journals must outlive the container: keep the state directory in a volume.

FROM rust:1.95-slim-bookworm AS build
# The TLS library of the AWS SDK is compiled from C. The release of Debian decides about versions.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends cmake g++ make \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN cargo build --release --locked --package geusemaker-cli --bin gm

FROM debian:bookworm-slim
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 gm \
    && install -d -o gm -g gm /home/gm/.local/state/gm
COPY --from=build /src/target/release/gm /usr/local/bin/gm
USER 1000
WORKDIR /home/gm
VOLUME /home/gm/.local/state/gm
ENTRYPOINT ["gm"]
CMD ["--help"]
