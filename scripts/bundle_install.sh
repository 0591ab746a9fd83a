#!/bin/sh
# Installs the bus from this bundle and nothing else: no index, no network. Debian 12 with python3 and python3-venv is enough.
#   ./install.sh [--into /opt/lgsp] [--python python3] [--service]
# --service also makes the user lgsp and puts units, log rotation and an example of the settings in their places.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
into=/opt/lgsp python=python3 service=
while [ $# -gt 0 ]; do
    case $1 in
        --into) into=$2; shift 2 ;;
        --python) python=$2; shift 2 ;;
        --service) service=yes; shift ;;
        *) echo "usage: $0 [--into DIR] [--python PYTHON] [--service]" >&2; exit 2 ;;
    esac
done
cd "$here"
sha256sum --quiet --strict -c SHA256SUMS || { echo "install.sh: the bundle is damaged or was changed" >&2; exit 1; }
wanted=$(cat PYTHON)
found=$("$python" -c 'import sys, platform; print("cp%d%d-%s" % (*sys.version_info[:2], platform.machine()))')
[ "$found" = "$wanted" ] || { echo "install.sh: this bundle is for $wanted, $python is $found" >&2; exit 1; }

[ -x "$into/bin/python" ] || "$python" -m venv "$into" || { echo "install.sh: needs python3-venv" >&2; exit 1; }
PIP_CONFIG_FILE=/dev/null PIP_NO_INDEX=1 PIP_FIND_LINKS='' "$into/bin/python" -I -m pip --disable-pip-version-check --no-input \
    install -q --no-index --find-links "$here/wheels" --require-hashes --no-deps --only-binary :all: -r "$here/install.lock"
rm -rf "$into/share"
mkdir -p "$into/share"
cp -R docs deploy sbom.json install.lock LICENSE "$into/share/"
"$into/bin/lgsp" --version

[ -n "$service" ] || exit 0
getent passwd lgsp >/dev/null || useradd --system --home-dir /var/lib/lgsp --shell /usr/sbin/nologin --user-group lgsp
install -d -m 0750 -o root -g lgsp /etc/lgsp /etc/lgsp/tls /etc/lgsp/secrets
install -d -m 0700 -o lgsp -g lgsp /var/lib/lgsp
install -d -m 0750 -o lgsp -g lgsp /var/log/lgsp
[ -e /etc/lgsp/lgsp.toml ] || install -m 0640 -o root -g lgsp deploy/lgsp.toml /etc/lgsp/lgsp.toml
install -d /etc/systemd/system /etc/logrotate.d
for unit in deploy/systemd/*.service deploy/systemd/*.timer; do
    [ -e "$unit" ] || continue
    sed "s#/opt/lgsp/#$into/#g" "$unit" > "/etc/systemd/system/$(basename "$unit")"
done
install -m 0644 deploy/systemd/journald@lgsp.conf /etc/systemd/journald@lgsp.conf
install -m 0644 deploy/logrotate/lgsp /etc/logrotate.d/lgsp
cat > /usr/local/bin/lgsp <<WRAP
#!/bin/sh
# lgsp with the service's settings, as the service's user: so that no file of the data folder ever belongs to root.
export LGSP_CONFIG="\${LGSP_CONFIG:-/etc/lgsp/lgsp.toml}" LGSP_DATA="\${LGSP_DATA:-/var/lib/lgsp/data}"
[ "\$(id -u)" -ne 0 ] || exec runuser -u lgsp -- $into/bin/lgsp "\$@"
exec $into/bin/lgsp "\$@"
WRAP
chmod 0755 /usr/local/bin/lgsp
if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
echo "installed in $into; next: /etc/lgsp/lgsp.toml, lgsp config check, then systemctl enable --now lgsp"
