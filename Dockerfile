# The server of docs/serve.md, which reads HEIC and PDF, too.
FROM python:3.12-slim

COPY requirements-server.lock ./
RUN pip install --no-cache-dir --require-hashes --requirement requirements-server.lock

# The package as its wheel lays it out: to build the wheel would take more than the lock file names.
WORKDIR /srv
COPY inference digit_recognizer
COPY artifacts/digits.onnx artifacts/digits.json digit_recognizer/artifacts/
COPY artifacts/numbers.onnx artifacts/numbers.json digit_recognizer/artifacts/

# Otherwise glibc keeps what each of the 40 threads that answer has freed: 700 MB in place of 300.
ENV MALLOC_ARENA_MAX=2

USER 1000:1000
EXPOSE 8000
# Not urllib.request: it would ask the proxy that docker tells a container of.
HEALTHCHECK CMD ["python", "-c", "from http.client import HTTPConnection; c = HTTPConnection('127.0.0.1', 8000, timeout=5); c.request('GET', '/health'); exit(c.getresponse().status != 200)"]
ENTRYPOINT ["python", "-m", "digit_recognizer", "serve", "--host", "0.0.0.0"]
