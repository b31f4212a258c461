# Makes the root file system of one container and becomes its process: what a container runtime does, with nothing but mount
# and chroot. It runs in mount, process and network namespaces of its own, so all of it goes with the process.
# Arguments: ROOT READ_ONLY USER GROUP LAYER TOOLS, then `VOLUME PATH ro|rw` for each mount, `--`, then VARIABLE=VALUE..., the
# program and its arguments.
set -eu
root=$1 read_only=$2 user=$3 group=$4 layer=$5 tools=$6
shift 6

mount --make-rprivate /
mount -t tmpfs -o mode=755 root "$root"
cd "$root"
mkdir app data dev etc proc tmp tools usr
for link in bin sbin lib lib64; do
  if [ -L "/$link" ]; then cp -d "/$link" "$link"; elif [ -d "/$link" ]; then mkdir "$link" && mount --rbind "/$link" "$link"; fi
done
mount --bind -o ro /usr usr
mount --bind -o ro "$layer" app
mount --bind -o ro "$tools" tools
mount -t proc proc proc
for device in null zero random urandom; do : >"dev/$device" && mount --bind "/dev/$device" "dev/$device"; done
cp "$tools/hosts" etc/hosts
echo "hosts: files" >etc/nsswitch.conf
echo "root:x:0:0::/:/bin/sh
node:x:1000:1000::/:/bin/sh" >etc/passwd
# As the Dockerfile has it.
chown 1000:1000 data

while [ "$1" != -- ]; do
  mkdir -p ".$2"
  mount --bind "$1" ".$2"
  if [ "$3" = ro ]; then mount -o remount,bind,ro ".$2"; fi
  shift 3
done
shift
if [ "$read_only" = true ]; then mount -o remount,ro "$root"; fi

exec chroot "$root" /usr/bin/setpriv --reuid "$user" --regid "$group" --clear-groups --no-new-privs \
  --bounding-set=-all --inh-caps=-all -- /usr/bin/env -i -C /data "$@"
