# tailer in an image without a shell, as a user without rights. Checked by
# deploy/check.sh with hadolint.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=""
RUN CGO_ENABLED=0 go build -buildvcs=false -trimpath -tags timetzdata \
        -ldflags "-s -w -buildid= ${VERSION:+-X main.version=$VERSION}" -o /out/tailer ./cmd/tailer \
    && mkdir -p /out/state

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/tailer /usr/bin/tailer
COPY --from=build --chown=65532:65532 --chmod=0700 /out/state /var/lib/tailer
USER 65532:65532
ENV STATE_DIRECTORY=/var/lib/tailer
VOLUME ["/var/lib/tailer"]
ENTRYPOINT ["/usr/bin/tailer"]
CMD ["run", "--config", "/etc/tailer/tailer.yaml"]
