# One image for every role; the command says which: docker run plimsoll collector …
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build && npm prune --omit=dev

FROM node:24-bookworm-slim
WORKDIR /app
COPY --from=build --chown=root:root /app /app
# Vendor tools and stored data need no root; npu-smi does: run that collector with --user 0 on its node.
RUN useradd --system --uid 10440 plimsoll && mkdir -p /data && chown plimsoll /data
USER plimsoll
ENV PLIMSOLL_DATA=/data NODE_ENV=production
VOLUME /data
EXPOSE 8440
ENTRYPOINT ["/app/bin/plimsoll"]
CMD ["all"]
