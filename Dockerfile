# odo in a container, in two sizes:
#
#   docker build --target odo -t odo .
#   docker build --target drill --build-arg PG_MAJOR=17 -t odo-drill:17 .
#
# `odo` is odo alone, and by itself prepares a volume for a PostgreSQL container. `drill` adds the PostgreSQL server of one major, so that a recovery drill needs no container
# engine: odo runs the temporary server itself. Both run as postgres (999:999), as the official PostgreSQL image does,
# so what is restored into a volume can be started by it. Nothing here needs BuildKit.

# Debian 12 or newer with Node 24 and npm.
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /src
# .npmrc: no package's install script is run.
COPY package.json package-lock.json .npmrc ./
RUN npm ci --include=dev
COPY . .
RUN PATH="/src/node_modules/.bin:$PATH" node tools/build.ts \
 && mkdir /app \
 && cp -R package.json LICENSE build dist /app

# What runs needs a quarter of those packages, and of them a half: the rest is for compilers and debuggers.
FROM ${NODE_IMAGE} AS modules
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev \
 && find node_modules -type f \( -name '*.map' -o -name '*.ts' -o -name '*.md' \) -delete \
 && rm -rf node_modules/better-sqlite3/deps node_modules/better-sqlite3/src

FROM ${NODE_IMAGE} AS runtime
# tini passes signals on, and buries the processes of a server whose odo was killed.
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates tini \
 && rm -rf /var/lib/apt/lists/* \
 && { getent passwd postgres >/dev/null \
   || { groupadd --system --gid 999 postgres \
     && useradd --system --uid 999 --gid 999 --no-create-home --home-dir /var/lib/odo postgres; }; } \
 && install -d -o postgres -g postgres -m 0700 /var/lib/odo /scratch /data \
 && install -d /etc/odo \
 && ln -s /opt/odo/dist/cli.js /usr/local/bin/odo
# The journal, by which a run that was killed goes on: mount a volume at /var/lib/odo.
# A new volume that is mounted at /data, /scratch or /var/lib/odo takes over owner and mode.
ENV NODE_ENV=production XDG_STATE_HOME=/var/lib
# odo.yaml is looked for here.
WORKDIR /etc/odo
ENTRYPOINT ["tini", "--", "odo"]
LABEL org.opencontainers.image.licenses="MIT"

FROM runtime AS drill-runtime
ARG PG_MAJOR=17
# Locales that the databases were made with, named as in /etc/locale.gen.
ARG LOCALES="en_US.UTF-8"
# Packages of extensions that the databases need, such as postgresql-17-postgis-3.
ARG EXTENSIONS=
# A major that this Debian does not have comes from PostgreSQL's own archive.
RUN apt-get update \
 && apt-get install -y --no-install-recommends locales postgresql-common \
 && { apt-cache show "postgresql-${PG_MAJOR}" >/dev/null 2>&1 \
   || /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y; } \
 && echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.d/odo.conf \
 && apt-get install -y --no-install-recommends "postgresql-${PG_MAJOR}" ${EXTENSIONS} \
 && rm -rf /var/lib/apt/lists/* \
 && for locale in ${LOCALES}; do echo "$locale ${locale##*.}" >>/etc/locale.gen; done \
 && locale-gen

FROM drill-runtime AS drill
COPY --from=modules /app/node_modules /opt/odo/node_modules
COPY --from=build /app /opt/odo
USER postgres
# Where the temporary database lies: mount a volume with room for it here.
ENV ODO_DRILL_DIR=/scratch
CMD ["drill"]
LABEL org.opencontainers.image.title="odo-drill" \
      org.opencontainers.image.description="Recovery drills: proves that PostgreSQL backups can be restored"

FROM runtime AS odo
COPY --from=modules /app/node_modules /opt/odo/node_modules
COPY --from=build /app /opt/odo
USER postgres
# Lays the newest backup down in the volume that is mounted at /data, for a container of the official image.
CMD ["start", "--prepare-volume", "/data"]
LABEL org.opencontainers.image.title="odo" \
      org.opencontainers.image.description="Restores PostgreSQL physical backups, and survives being killed"
