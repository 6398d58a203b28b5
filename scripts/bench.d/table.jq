# The summary as lines for print_table: tabs between columns, or one field that is a line of text.
def left($n): . + ([range($n - length)] | map(" ") | join(""));
def right($n): ([range($n - length)] | map(" ") | join("")) + .;
def number: if . == null then "" else tostring | if test("\\.") then . + "00" else . + ".00" end | capture("^(?<n>-?[0-9]+\\.[0-9]{2})").n end;

"\(.machine.cores) cores of \(.machine.cpu), kernel \(.machine.kernel), leases on \(.machine.filesystem), containernetworking-plugins \(.plugins)",
"\(.rounds) rounds. Times, and CPU as the mean of user + system, in ms; peak resident memory (RSS) in MiB.",
"x ptp: the median over that of ptp+host-local. The right half: eight at a time. floor: a C program that makes the",
"netlink requests of towpath's ADD and DEL and nothing else; floor+lease: and one lease file on disk.",
"",
(["", "", "median", "p95", "p99", "CPU", "x ptp", "8: median", "p95", "p99", "x ptp", "RSS"] | @tsv),
(.rows[] | (if .verb == "EXEC" then ["exec", "/bin/true"] else [.verb, .peer] end) + [(.one | (.median, .p95, .p99, .cpu, .of_ptp) | number),
  (.eight | (.median, .p95, .p99, .of_ptp) | number), (.rss | number)] | @tsv),
"",
(if .agent == [] then empty else
  ("The node agent" | left(58)) + (["median", "p95", "max", "wanted"] | map(right(10)) | join("")),
  (.agent[] | (.what | left(58)) + ([.median, .p95, .max, .at_most] | map(number | right(10)) | join("")) + " " + .unit),
  ""
 end),
(.targets[] | "\(if .is <= .at_most then "reached    " else "not reached" end)  \(.what): \(.is)\(.unit) (wanted: at most \(.at_most)\(.unit))")
