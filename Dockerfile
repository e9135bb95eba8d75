# Avatar Chat for a GPU Space or a machine of one's own.
#   docker build -t avatar-chat .
#   docker run --gpus all -p 7860:7860 -v avatar-data:/data avatar-chat
# On a machine without a GPU, an index with CPU builds of torch saves gigabytes: --build-arg TORCH_INDEX=<its address>
FROM python:3.12.12-slim-bookworm

# What MediaPipe's face finder loads; everything else comes in wheels.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends libegl1 libgles2 libgl1 libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 user \
    && install -d -o user -g user /data

USER 1000
ENV HOME=/home/user \
    PATH=/home/user/.local/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    AVATAR_DATA_DIR=/data
WORKDIR /home/user/app

COPY --chown=user requirements.txt ./
ARG TORCH_INDEX=""
RUN pip install --no-cache-dir --user ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} -r requirements.txt

COPY --chown=user . .

EXPOSE 7860
VOLUME /data
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:7860/health', timeout=4)"]
CMD ["python", "app.py", "--host", "0.0.0.0", "--port", "7860"]
