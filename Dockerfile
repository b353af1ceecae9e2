# docker build -t liverelay . — docs/install.md says how to run it.
FROM python:3.11-slim AS build
WORKDIR /source
COPY pyproject.toml *.md LICENSE ./
COPY docs docs
COPY liverelay liverelay
RUN python -m venv /opt/liverelay && /opt/liverelay/bin/pip install --no-cache-dir .

FROM python:3.11-slim
COPY --from=build /opt/liverelay /opt/liverelay
RUN useradd --system --uid 10001 --no-create-home liverelay \
    && install --directory --owner=liverelay --mode=0700 /data
ENV PATH=/opt/liverelay/bin:$PATH LIVERELAY_DATA_DIR=/data
USER liverelay
VOLUME /data
EXPOSE 8080/tcp 8080/udp
# It finds the server by /data, whatever its port and certificate are.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["liverelay", "health"]
# Signals must reach the server itself: it drains at SIGTERM.
ENTRYPOINT ["liverelay"]
CMD ["serve"]
