-- wrk … -- <method> <bytes of the body> length|chunked keep|close
-- What was measured is the last line, as JSON.

function init(args)
  local bytes = tonumber(args[2])
  local body = string.rep('x', bytes)
  wrk.method = args[1]
  if args[4] == 'close' then wrk.headers['Connection'] = 'close' end
  if args[3] == 'chunked' then
    wrk.headers['Transfer-Encoding'] = 'chunked'
    local raw = wrk.format() .. string.format('%x\r\n', bytes) .. body .. '\r\n0\r\n\r\n'
    -- wrk makes the request once, with this function.
    wrk.format = function() return raw end
  elseif bytes > 0 then
    wrk.body = body
  end
end

function done(summary, latency)
  local errors = summary.errors
  local failures = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  local line = '\n{"requests":%d,"microseconds":%d,"failures":%d,"p99Microseconds":%d}\n'
  io.write(line:format(summary.requests, summary.duration, failures, latency:percentile(99)))
end
