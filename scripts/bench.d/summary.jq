# Samples (width, verb, peer, wall ns, cpu ns, rss KiB) to one object: milliseconds and MiB.
def rank($p): sort | .[(length * $p | ceil) - 1];
def ms: . / 1e4 | round / 100;
def column:
  {median: (map(.wall) | rank(0.5) | ms), p95: (map(.wall) | rank(0.95) | ms), p99: (map(.wall) | rank(0.99) | ms),
   cpu: (map(.cpu) | add / length | ms)};
def of($row; $key; $rows):
  ($rows[] | select(.verb == $row.verb and .peer == "ptp+host-local") | .[$key].median) as $ptp
  | $row[$key].median / $ptp * 100 | round / 100;

[inputs | split("\t")
  | {width: .[0], verb: .[1], peer: .[2], wall: (.[3] | tonumber), cpu: (.[4] | tonumber), rss: (.[5] | tonumber)}]
| (map(.verb + " " + .peer) | reduce .[] as $k ([]; if index([$k]) then . else . + [$k] end)) as $order
| group_by([.verb, .peer])
| map({verb: .[0].verb, peer: .[0].peer, one: (map(select(.width == "1")) | column),
       eight: (map(select(.width == "8")) | column), rss: (map(.rss) | max / 1024 * 10 | round / 10)})
| (["ADD", "DEL", "STATUS", "VERSION", "EXEC"]) as $verbs
| sort_by([(.verb as $v | $verbs | index($v)), (.verb + " " + .peer) as $k | $order | index([$k])])
| . as $rows
| map(. as $row | .one.of_ptp = ([of($row; "one"; $rows)][0]) | .eight.of_ptp = ([of($row; "eight"; $rows)][0]))
| {machine: {cores: $cores, cpu: $cpu, kernel: $kernel, filesystem: $filesystem}, plugins: $plugins, rounds: $rounds,
   executable: ($size_kib / 1024 * 10 | round / 10), rows: ., agent: ($agent | map((.median, .p95, .max) |= (. * 100 | round / 100)))}
| (.rows | map(select(.peer == "towpath"))) as $ours
| .targets = [
    {what: "ADD median of ptp+host-local's", at_most: 0.5, unit: "", is: ($ours[] | select(.verb == "ADD") | .one.of_ptp)},
    {what: "DEL median of ptp+host-local's", at_most: 1, unit: "", is: ($ours[] | select(.verb == "DEL") | .one.of_ptp)},
    {what: "peak resident memory", at_most: 24, unit: " MiB", is: ($ours | map(.rss) | max)},
    {what: "size of the executable", at_most: 25, unit: " MiB", is: .executable}]
  # Of the agent's figures that have the same target, the worst.
  + (.agent | map(select(.at_most)) | group_by([.unit, .at_most]) | map(max_by(.p95))
     | map({what: ("agent, " + .what), at_most, unit: (" " + .unit), is: .p95}))
