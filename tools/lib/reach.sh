# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Who reaches whom in the lab: one HTTP request per cell, all at once.
# Uses lab_in of lab.sh, colours of terminal.sh, $LAB_DIR.
# shellcheck disable=SC2154

REACH_FROM=(client backend0 pod0 pod1)
REACH_TO=(pod0 pod1)
declare -A REACH_ADDRESS=([pod0]=10.244.1.2 [pod1]=10.244.1.3)
REACH_SECONDS=0.4 # a refused request has no answer at all

# reach_ask FROM TO: 0 when it is answered
reach_ask() {
	lab_in "$1" curl -s -o /dev/null -m "$REACH_SECONDS" "http://${REACH_ADDRESS[$2]}/"
}

# All cells, into $LAB_DIR/reach-FROM-TO.
reach_measure() {
	local from to jobs=()
	rm -f "$LAB_DIR"/reach-*
	for from in "${REACH_FROM[@]}"; do
		for to in "${REACH_TO[@]}"; do
			[[ $from != "$to" ]] || continue
			{ ! reach_ask "$from" "$to" || touch "$LAB_DIR/reach-$from-$to"; } &
			jobs+=($!)
		done
	done
	wait "${jobs[@]}"
}

# reach_is FROM TO yes|no
reach_is() {
	local found=no
	[[ ! -e $LAB_DIR/reach-$1-$2 ]] || found=yes
	[[ $found == "$3" ]]
}

reach_cell() {
	if [[ $1 == "$2" ]]; then
		printf '%6s' '·'
	elif reach_is "$1" "$2" yes; then
		printf '%s%6s%s' "$green" 'yes' "$plain"
	else
		printf '%s%6s%s' "$red" 'no' "$plain"
	fi
}

reach_draw() {
	local from to
	printf '  %-16s' 'who reaches'
	printf '%6s' "${REACH_TO[@]}"
	echo
	for from in "${REACH_FROM[@]}"; do
		printf '  %-16s' "$from"
		for to in "${REACH_TO[@]}"; do
			reach_cell "$from" "$to"
		done
		echo
	done
}
