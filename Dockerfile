# The bus and its simulator in one image: the same wheel, two commands (see compose.yaml).
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY requirements.lock pyproject.toml README.md LICENSE ./
RUN python -m venv /opt/lgsp \
 && /opt/lgsp/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY lgsp lgsp
COPY mocks mocks
COPY connectors connectors
COPY contracts contracts
RUN /opt/lgsp/bin/pip install --no-cache-dir --no-deps --no-index --no-build-isolation .

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /var/lib/lgsp --create-home lgsp
COPY --from=build /opt/lgsp /opt/lgsp
ENV PATH=/opt/lgsp/bin:$PATH PYTHONUNBUFFERED=1
USER lgsp
WORKDIR /var/lib/lgsp
VOLUME /var/lib/lgsp
EXPOSE 8080 9000
STOPSIGNAL SIGTERM
ENTRYPOINT ["lgsp"]
CMD ["--help"]
