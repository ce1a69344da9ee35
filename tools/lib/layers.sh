# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Which part of the source may include which, and that no files need each other in a circle.
# Arrows point one way:
#   include ← xdp
#   include ← lib ← cluster ← compile ← {explain, source, health, datapath, netlink} ← serve ←
#   daemon ← main.c
# serve stands above its siblings because it shows what they know. config, the options, lies
# beside serve. headgate(1) asks what needs no daemon of cluster, compile, explain and source.
# cluster and compile do no I/O and log nothing, which their includes must show.

# Parts of control/ that each part may include besides itself and <headgate/…>.
declare -A LAYER_BELOW=(
	[lib]=""
	[cluster]="lib"
	[compile]="lib cluster"
	[explain]="lib cluster compile"
	[source]="lib cluster compile"
	[health]="lib cluster compile"
	[datapath]="lib cluster compile"
	[netlink]="lib cluster compile"
	[serve]="lib cluster compile explain source health datapath netlink"
	[config]="lib cluster compile datapath"
	[daemon]="lib cluster compile explain source health datapath netlink serve config"
)
LAYER_PURE="cluster compile"
LAYER_IMPURE='<sys/|<bpf/|<xdp/|<uv\.h>|<curl/|<microhttpd|<libmnl|"(\.\./lib/)?log\.h"'

# layer_circles DIR: files of which each needs a function or a variable of the next, and the last
# one of the first. By the objects built in DIR; headers alone may look at each other's types.
layer_circles() {
	local object source objects=()
	while read -r object; do
		source=${object#"$1/"}
		[[ ! -e ${source%.o}.c ]] || objects+=("$object")
	done < <(find "$1/control" "$1/tools/headgate" -name '*.o')
	nm -A --no-sort "${objects[@]}" | layer_needs | sort | tsort 2>&1 >/dev/null | awk '
		function tell() {
			if (circle && !told[circle]++)
				print first ":1: files need each other in a circle: " circle first " [layers]"
			circle = ""
		}
		/contains a loop/ { tell(); next }
		{
			first = circle ? first : $2
			circle = circle $2 " → "
		}
		END { tell() }'
}

# layer_needs: from `nm -A` to pairs of files, who needs and who is needed
layer_needs() {
	awk '{
		file = $1
		sub(/:.*/, "", file)
		sub(/^[^\/]*\//, "", file)
		sub(/\.o$/, ".c", file)
		if ($(NF - 1) == "U")
			needs[file " " $NF]
		else if ($(NF - 1) ~ /^[A-Z]$/ && $NF != "main")
			home[$NF] = file
	}
	END {
		for (need in needs) {
			split(need, part, " ")
			if (part[2] in home && home[part[2]] != part[1])
				print part[1], home[part[2]]
		}
	}'
}

# layer_findings: file names from standard input, findings to standard output
layer_findings() {
	local file
	while read -r file; do
		case $file in
		include/*) layer_outside "$file" '<(linux|headgate)/' ;;
		xdp/*) layer_outside "$file" '<(linux|bpf|headgate)/|"[a-z_]+\.h"' ;;
		control/*/*) layer_control "$file" ;;
		tools/*)
			layer_outside "$file" \
				'<|"(\.\./\.\./control/(lib|cluster|compile|explain|source)/)?[a-z_]+\.h"'
			;;
		esac
	done
}

# layer_outside FILE ALLOWED: includes that match nothing of what is allowed
layer_outside() {
	grep -nE '^#[[:space:]]*include' "$1" | grep -vE "include[[:space:]]+($2)" |
		sed -E "s#^([0-9]+):.*include[[:space:]]*(.*)#$1:\1: may not include \2 [layers]#" ||
		true
}

layer_control() {
	local file=$1 part line number header
	part=${file#control/}
	part=${part%%/*}
	if [[ -z ${LAYER_BELOW[$part]+known} ]]; then
		echo "$file:1: control/$part has no place in tools/lib/layers.sh [layers]"
		return
	fi
	if [[ " $LAYER_PURE " == *" $part "* ]]; then
		grep -nE "^#[[:space:]]*include[[:space:]]+($LAYER_IMPURE)" "$file" |
			sed -E "s#^([0-9]+):.*#$file:\1: $part/ does no I/O and logs nothing [layers]#" ||
			true
	fi
	while IFS=: read -r number line; do
		header=${line#*\"}
		header=${header%%\"*}
		layer_allows "$part" "$header" ||
			echo "$file:$number: $part/ may not include \"$header\" [layers]"
	done < <(grep -nE '^#[[:space:]]*include[[:space:]]+"' "$file" || true)
}

# layer_allows PART HEADER: is the quoted header its own or one of a part below?
layer_allows() {
	local other
	[[ $2 == */* ]] || return 0
	[[ $2 == ../* ]] || return 1
	other=${2#../}
	other=${other%%/*}
	[[ " ${LAYER_BELOW[$1]} " == *" $other "* ]]
}
