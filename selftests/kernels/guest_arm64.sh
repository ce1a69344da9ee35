#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# /init of the arm64 guest that tools/lib/arm64.sh packs. On the console, one line each:
#   PROGRAM| LINE    what a program prints (TAP)
#   PROGRAM= CODE    how it ended
#   end              nothing is missing above
# The kernel's command line: headgate.groups=… of smoke, headgate.seconds=… of turmoil.
/bin/busybox mount -t proc proc /proc
/bin/busybox --install -s /bin
rm -f /bin/ip /sbin/ip # busybox's own
export PATH=/usr/sbin:/bin HOME=/ CMOCKA_MESSAGE_OUTPUT=TAP
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /run
mount -t bpf bpf /sys/fs/bpf
insmod /veth.ko
cd /headgate || exit

asked() {
	sed "s/.*headgate\.$1=\([^ ]*\).*/\1/" /proc/cmdline
}

# run NAME PROGRAM ARGUMENT…
run() {
	name=$1
	shift
	{
		"$@" 2>&1
		echo $? >/run/code
	} | while IFS= read -r line; do echo "$name| $line"; done
	echo "$name= $(cat /run/code)"
	echo "[$(cut -d ' ' -f 1 /proc/uptime)] $name"
}

# shellcheck disable=SC2046 # a list of names
run smoke build/kernels/smoke $(asked groups | tr , ' ')
HEADGATE_SECONDS=$(asked seconds)
export HEADGATE_SECONDS
run concurrency build/datapath/concurrency_test
echo end
poweroff -f
