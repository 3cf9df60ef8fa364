-- For wrk: callbacks of a provider, every message another one. The first argument names the run.

local threads = {}

function setup(thread)
  table.insert(threads, thread)
  thread:set("number", #threads)
end

function init(arguments)
  run = arguments[1]
  sent, acknowledged, failed = 0, 0, 0
  headers = { ["Content-Type"] = "application/x-www-form-urlencoded" }
end

function request()
  sent = sent + 1
  local form = string.format(
    "MSISDN=324%02d%07d&KEYWORD=WIN&PARM=blue+%%26+caf%%E9&OPERATOR=20601&TIMESTAMP=%s"
      .. "&SHORTCODE=4414&COUNTRY=BEL&REFERENCE=%s-%d-%d",
    number, sent, os.date("%Y%m%d%H%M%S"), run, number, sent
  )
  return wrk.format("POST", nil, headers, form)
end

function response(status, _, body)
  if status == 200 and body == "TRUE" then
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
