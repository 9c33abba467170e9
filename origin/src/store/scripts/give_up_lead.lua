-- Ends the lease of this process, and nobody else's. KEYS: the lease. ARGV: this process.
local process = string.match(redis.call('GET', KEYS[1]) or '', '^(.*):%d+$')
if process == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0
