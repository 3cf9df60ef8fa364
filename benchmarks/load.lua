-- For wrk: callbacks of a provider, every message another one. Its arguments are the name of the run, the answer
-- that means "taken", where the fields stand ("form" or "query"), and "kept" or "closed" connections.

local threads = {}

function setup(thread)
  table.insert(threads, thread)
  thread:set("number", #threads)
end

function init(arguments)
  run, answer, place = arguments[1], arguments[2], arguments[3]
  sent, acknowledged, failed = 0, 0, 0
  headers = {}
  if place == "form" then
    headers["Content-Type"] = "application/x-www-form-urlencoded"
  end
  if arguments[4] == "closed" then
    headers["Connection"] = "close"
  end
end

function request()
  sent = sent + 1
  local fields = string.format(
    "MSISDN=324%02d%07d&KEYWORD=WIN&PARM=blue+%%26+caf%%E9&OPERATOR=20601&TIMESTAMP=%s"
      .. "&SHORTCODE=4414&COUNTRY=BEL&REFERENCE=%s-%d-%d",
    number, sent, os.date("%Y%m%d%H%M%S"), run, number, sent
  )
  if place == "query" then
    return wrk.format("GET", wrk.path .. "?" .. fields, headers)
  end
  return wrk.format("POST", nil, headers, fields)
end

function response(status, _, body)
  if status == 200 and body == answer then
    acknowledged = acknowledged + 1
  else
    failed = failed + 1
  end
end

function done(summary, latency)
  local errors = summary.errors
  local total = { acknowledged = 0, failed = errors.connect + errors.read + errors.write + errors.timeout }
  for _, thread in ipairs(threads) do
    total.acknowledged = total.acknowledged + thread:get("acknowledged")
    total.failed = total.failed + thread:get("failed")
  end
  io.write(string.format(
    '\n{"acknowledged": %d, "failed": %d, "seconds": %.6f, "p50": %.3f, "p99": %.3f}\n',
    total.acknowledged, total.failed, summary.duration / 1e6,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000
  ))
end
