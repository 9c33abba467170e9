-- Takes the lead if nobody has it, or keeps it for as long again.
--
-- KEYS: the lease, the last epoch, the publication's mark. ARGV: this process, the lease's life in ms, the longest life of any
-- lease in ms, how far ahead of the clock an origin's number may be in ms.
-- Answers {1, epoch} to the leader and {0, ms for which another leads} to anybody else.
--
-- An epoch is above every one before it: above the last, above the mark's, and not below the server's clock in microseconds,
-- which stands for the last one after the server lost everything. One that is far ahead of the clock is nobody's: to be above
-- it would use up the numbers that a double can count.
local time = redis.call('TIME')
local clock = time[1] * 1000000 + time[2]
local function number(text)
  local value = tonumber(text and string.match(text, '^%d+$'))
  return value and value <= clock + ARGV[4] * 1000 and value or 0
end
local holder = redis.call('GET', KEYS[1])
local marked = number(string.match(redis.call('GET', KEYS[3]) or '', '^(%d+):%d+:%d+$'))
if holder then
  local process, epoch = string.match(holder, '^(.*):(%d+)$')
  local lasts = redis.call('PTTL', KEYS[1])
  if process == ARGV[1] and number(epoch) > 0 and number(epoch) >= marked then
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
    return {1, number(epoch)}
  end
  -- A lease without an end, with a far one, or of another form, is no origin's.
  if process and process ~= ARGV[1] and lasts >= 0 and lasts <= tonumber(ARGV[3]) then
    return {0, lasts}
  end
end
local epoch = math.max(number(redis.call('GET', KEYS[2])) + 1, marked + 1, clock)
redis.call('SET', KEYS[2], string.format('%.0f', epoch))
redis.call('SET', KEYS[1], ARGV[1] .. ':' .. string.format('%.0f', epoch), 'PX', ARGV[2])
return {1, epoch}
