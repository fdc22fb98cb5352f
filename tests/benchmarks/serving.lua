-- wrk's side of serving_load.read_hard: whole requests come from the file REQUESTS, each ended by a zero byte,
-- and what was seen goes out as one line of JSON.
local requests, at = {}, 0

function init()
  local file = io.open(os.getenv("REQUESTS"), "rb")
  for text in file:read("*a"):gmatch("([^%z]+)%z") do requests[#requests + 1] = text end
  file:close()
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "seconds": %.6f, "p50_ms": %.4f, "p99_ms": %.4f, "refused": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
