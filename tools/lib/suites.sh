# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The kinds of tests: how each is run and how its results are counted. Each result is one
# line in a file of $TALLY ("passed NAME", "failed NAME", "skipped NAME: why"), so that
# suites may run side by side. A program that dies fails by that, whatever it printed.
# Uses $B (build folder), $LOGS and $TALLY of tools/check, colours of terminal.sh.
# shellcheck disable=SC2154

tally() {
	printf '%s\n' "$2" >>"$TALLY/$1.$BASHPID"
}

tally_count() {
	find "$TALLY" -name "$1.*" -exec cat {} + | wc -l
}

# Skips with their reasons, failures by name, then the one line. 1 when something failed
# or nothing ran.
tally_report() {
	local passed failed skipped
	passed=$(tally_count passed) failed=$(tally_count failed)
	skipped=$(tally_count skipped)
	sed 's/^/skipped: /' "$TALLY"/skipped.* 2>/dev/null || true
	sed "s/^/${red}failed:${plain} /" "$TALLY"/failed.* 2>/dev/null || true
	printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
	((failed == 0 && passed > 0))
}

show_failure() {
	printf '%s--- %s%s\n' "$red" "$1" "$plain"
	tail -n 60 "$2"
}

# suite_programs KIND [NAME…]: names of the test programs that are wanted
suite_programs() {
	local kind=$1 suffix=test source name
	shift
	[[ $kind != fuzz ]] || suffix=fuzz
	for source in "selftests/$kind"/*_"$suffix".c; do
		[[ -e $source ]] || continue
		name=$(basename "$source" .c)
		! wanted "$name" "$@" || echo "$name"
	done
}

# What the network tests need besides the daemon and the command.
net_goals() {
	local source
	echo all
	for source in selftests/net/*.c; do
		case $source in
		*.bpf.c) echo "$B/net/$(basename "$source" .c).o" ;;
		*) echo "$B/net/$(basename "$source" .c)" ;;
		esac
	done
}

# suite_binaries KIND [NAME…]: cmocka programs, results as TAP
suite_binaries() {
	local kind=$1 name log status
	shift
	for name in $(suite_programs "$kind" "$@"); do
		log=$LOGS/$kind-$name.log
		status=0
		CMOCKA_MESSAGE_OUTPUT=TAP timeout 300 "$B/$kind/$name" >"$log" 2>&1 </dev/null ||
			status=$?
		tally_tap "$kind/$name" "$log" "$status"
	done
}

# The compiled policy against its naive twin, in plain memory and in the loaded programs;
# results as TAP.
suite_oracle() {
	oracle oracle "$B/oracle/verdicts"
	oracle oracle-loaded "$B/oracle/loaded" --clusters 150 --changes 15 --asked 0 --properties 0
}

# The protocols between CPUs on models of machines that reorder; results as TAP.
suite_order() {
	local log=$LOGS/order.log status=0
	PYTHONDONTWRITEBYTECODE=1 timeout 300 /usr/bin/python3 selftests/order/litmus.py \
		>"$log" 2>&1 </dev/null || status=$?
	tally_tap order "$log" "$status"
}

# oracle NAME PROGRAM OPTION…: who answers the twin's questions
oracle() {
	local log=$LOGS/$1.log status=0
	ORACLE_PROGRAM=$PWD/$2 PYTHONDONTWRITEBYTECODE=1 timeout 300 /usr/bin/python3 \
		selftests/oracle/twin.py "${@:3}" >"$log" 2>&1 </dev/null || status=$?
	tally_tap "$1" "$log" "$status"
}

# "maglev" and "maglev_test" both name maglev_test; without names all are wanted.
wanted() {
	local name=$1 pattern
	shift
	(($#)) || return 0
	for pattern in "$@"; do
		[[ $name == "$pattern" || ${name%_*} == "$pattern" ]] && return 0
	done
	return 1
}

# Tests that the plan announced and that never reported failed too: the program died. A
# test that skips says why on a line "skip: …" before it does.
tally_tap() {
	local program=$1 log=$2 status=$3 line planned=0 seen=0 bad=0 why='no reason given'
	while IFS= read -r line; do
		case $line in
		1..*) planned=$((planned + ${line#1..})) ;;
		*skip:\ *) why=${line#*skip: } ;;
		'ok '* | 'not ok '*)
			seen=$((seen + 1))
			tally_line "$program" "$line" "$why" || bad=1
			;;
		esac
	done < <(tr -d '\000' <"$log")
	if ((seen < planned || planned == 0 || (status && !bad))); then
		tally failed "$program: ended with code $status after $seen of $planned tests"
		bad=1
	fi
	((bad == 0)) || show_failure "$program" "$log"
}

# tally_line PROGRAM LINE WHY: one TAP result; 1 when it failed
tally_line() {
	case $2 in
	'ok '*) tally passed "$1: ${2#*- }" ;;
	*'# SKIP '*) tally skipped "$1: ${2#*# SKIP }: $3" ;;
	*)
		tally failed "$1: ${2#*- }"
		return 1
		;;
	esac
}

# Two fuzzers at a time. A crash leaves its input in $LOGS.
suite_fuzz() {
	local name running=0
	for name in $(suite_programs fuzz "$@"); do
		if ((running == 2)); then
			wait -n || true
			running=1
		fi
		fuzz "$name" &
		running=$((running + 1))
	done
	wait
}

fuzz() {
	local name=$1 log=$LOGS/fuzz-$1.log corpus seeds=selftests/fuzz/corpus/${1%_fuzz}
	corpus=$(mktemp -d -p "$TALLY")
	[[ -d $seeds ]] || seeds=''
	# shellcheck disable=SC2086 # none or one folder
	if timeout $((${FUZZ_SECONDS:-30} + 60)) "$B/fuzz/$name" \
		-max_total_time="${FUZZ_SECONDS:-30}" -artifact_prefix="$LOGS/$name-" \
		-rss_limit_mb=4096 -timeout=10 -verbosity=1 "$corpus" $seeds >"$log" 2>&1 </dev/null; then
		tally passed "fuzz/$name"
	else
		tally failed "fuzz/$name"
		show_failure "fuzz/$name" "$log"
	fi
}

suite_lint() {
	local check log checks=("$@")
	(($#)) || mapfile -t checks < <(tools/lint --list)
	for check in "${checks[@]}"; do
		log=$LOGS/lint-$check.log
		if tools/lint "$check" >"$log" 2>&1 </dev/null; then
			tally passed "lint/$check"
		else
			tally failed "lint/$check"
			show_failure "lint/$check" "$log"
		fi
	done
}

suite_net() {
	if (($#)); then
		net_run net selftests/net -k "$*"
		return
	fi
	net_side_by_side
	net_alone
}

# By file two at a time, since most of them wait more than they work. In a shell of its own, which
# waits for nobody else.
net_side_by_side() (
	local file running=0
	for file in selftests/net/test_*.py; do
		! net_wants_all "$file" || continue
		if ((running == 2)); then
			wait -n || true
			running=1
		fi
		net_run "$(basename "$file" .py)" "$file" &
		running=$((running + 1))
	done
	wait
)

# Those that compare rates, flood, or give an answer little time.
net_alone() {
	local file
	for file in selftests/net/test_*.py; do
		! net_wants_all "$file" || net_run "$(basename "$file" .py)" "$file"
	done
}

net_wants_all() {
	[[ $1 == */test_@(volume|flood|change|policy_change).py ]]
}

# net_run NAME ARGUMENT…: pytest's own summary goes to a log; its junit file is what is counted.
net_run() {
	local name=$1 log=$LOGS/net-$1.log results=$LOGS/net-$1.xml outcome test
	shift
	rm -f "$results"
	PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 -m pytest -q -p no:cacheprovider \
		--junitxml="$results" "$@" >"$log" 2>&1 </dev/null || true
	if [[ ! -s $results ]]; then
		tally failed "net: pytest did not run $name"
		show_failure "$name" "$log"
		return
	fi
	/usr/bin/python3 selftests/net/junit.py "$results" >"$TALLY/net-$name"
	while read -r outcome test; do
		tally "$outcome" "$test"
	done <"$TALLY/net-$name"
	! grep -q '^failed' "$TALLY/net-$name" ||
		sed '/^=* warnings summary/,$d' "$log" | tail -n 150
}
