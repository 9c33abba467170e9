-- Takes the lead if nobody has it, or keeps it for as long again.
--
-- KEYS: the lease, the last epoch, the publication's mark. ARGV: this process, the lease's life in ms.
-- Answers {1, epoch} to the leader and {0, ms for which another leads} to anybody else.
--
-- An epoch is above every one before it: above the last, above the mark's, and not below the server's clock in microseconds,
-- which stands for the last one after the server lost everything.
local function number(text)
  local value = tonumber(text and string.match(text, '^%d+$'))
  return value and value < 9007199254740992 and value or 0
end
local holder = redis.call('GET', KEYS[1])
local marked = number(string.match(redis.call('GET', KEYS[3]) or '', '^(%d+):%d+:%d+$'))
if holder then
  local process, epoch = string.match(holder, '^(.*):(%d+)$')
  local lasts = redis.call('PTTL', KEYS[1])
  if process == ARGV[1] and number(epoch) >= marked then
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
    return {1, number(epoch)}
  end
  -- A lease without an end, or of another form, is no origin's.
  if process and process ~= ARGV[1] and lasts >= 0 then
    return {0, lasts}
  end
end
local time = redis.call('TIME')
local clock = time[1] * 1000000 + time[2]
local epoch = math.max(number(redis.call('GET', KEYS[2])) + 1, marked + 1, clock)
redis.call('SET', KEYS[2], string.format('%.0f', epoch))
redis.call('SET', KEYS[1], ARGV[1] .. ':' .. string.format('%.0f', epoch), 'PX', ARGV[2])
return {1, epoch}
