# The gateway in one image: `docker build -t mo-gateway .`
# It writes to its working directory, a volume, and to /tmp; everything else may be read-only.

FROM python:3.11-slim AS build
WORKDIR /src
COPY deploy/build.lock deploy/requirements.lock ./
# Wheels whose hashes stand in a lock, and nothing else: `nox -s lock` writes both.
# pip compiles what it installs: the image can't keep byte code that is made later.
RUN python -m venv build \
    && python -m venv --without-pip /opt/mo-gateway \
    && build/bin/pip install --no-cache-dir --require-hashes --only-binary :all: --requirement build.lock \
    && build/bin/pip --python /opt/mo-gateway/bin/python install --no-cache-dir \
        --require-hashes --only-binary :all: --requirement requirements.lock
COPY LICENSE README.md pyproject.toml ./
COPY mo_gateway mo_gateway
RUN build/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir dist . \
    && build/bin/pip --python /opt/mo-gateway/bin/python install --no-cache-dir --no-deps dist/*.whl

FROM python:3.11-slim
RUN useradd --uid 10001 --no-create-home --home-dir /var/lib/mo-gateway --shell /usr/sbin/nologin mo-gateway \
    && install --directory --owner=mo-gateway --group=mo-gateway --mode=0750 /var/lib/mo-gateway
COPY --from=build /opt/mo-gateway /opt/mo-gateway
ENV PATH=/opt/mo-gateway/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001
WORKDIR /var/lib/mo-gateway
VOLUME /var/lib/mo-gateway
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
    CMD ["python", "-I", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["mo-gateway"]
CMD ["run", "--bind", "0.0.0.0:8000"]
