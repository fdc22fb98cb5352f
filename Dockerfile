# One file, two images: `--target cpu` (API, migrations, CPU worker) and `--target cuda` (GPU worker).
# All layers up to the libraries are shared. With TORCH_CPU_INDEX the CPU image takes a torch without CUDA
# from that index; without it both images hold the default build, which brings CUDA's libraries along.

FROM python:3.12.12-slim-bookworm AS base
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PATH=/opt/ikt/bin:$PATH IKT_DATA_DIR=/data
RUN useradd --create-home --uid 10001 ikt && install -d -o ikt -g ikt /data && python -m venv /opt/ikt
WORKDIR /home/ikt

FROM base AS libraries
COPY requirements.lock ./
RUN grep -v '^torch==' requirements.lock >libraries.lock && pip install -r libraries.lock

FROM base AS wheel
WORKDIR /source
COPY pyproject.toml README.md ./
COPY api api
COPY worker worker
COPY ikt_model ikt_model
COPY db db
COPY clients/python clients/python
RUN pip wheel --no-deps --wheel-dir /wheels .

# Where CPU-only builds of torch are to be had differs from place to place.
FROM libraries AS libraries-cpu
ARG TORCH_CPU_INDEX=""
RUN pip install ${TORCH_CPU_INDEX:+--index-url "$TORCH_CPU_INDEX"} "$(grep -o '^torch==[0-9.]*' requirements.lock)"

FROM libraries AS libraries-cuda
RUN pip install "$(grep -o '^torch==[0-9.]*' requirements.lock)"

FROM libraries-cpu AS cpu
RUN --mount=from=wheel,source=/wheels,target=/wheels pip install --no-deps /wheels/*.whl
USER 10001
EXPOSE 8000
CMD ["ikt", "api", "--host", "0.0.0.0"]

FROM libraries-cuda AS cuda
RUN --mount=from=wheel,source=/wheels,target=/wheels pip install --no-deps /wheels/*.whl
USER 10001
ENV IKT_DEVICE=cuda
CMD ["ikt", "worker", "--queues", "gpu"]
