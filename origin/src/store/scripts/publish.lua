-- Writes every key of a publication with its life, and announces it; or writes nothing.
--
-- KEYS: the lease, the publication's mark, then every key. ARGV: this process, epoch, as_of_ms, sequence, the keys' life in
-- ms, the mark's life in ms, the channel, then every value.
-- Answers 'written', 'unannounced' when everything was written and the channel is refused to this user, 'not_leader', or the
-- mark for which the publication is refused.
--
-- Only the holder of the lease of this epoch may write, so a leader that slept while another took the lead cannot. What is
-- stored may be followed by no earlier epoch, no older data, and no number that was used. A mark of another form is nobody's,
-- and so is one that is ahead of the server's clock by more than its own life: all three numbers count time.
if redis.call('GET', KEYS[1]) ~= ARGV[1] .. ':' .. ARGV[2] then
  return 'not_leader'
end
local mark = redis.call('GET', KEYS[2])
if mark then
  local epoch, as_of, sequence = string.match(mark, '^(%d+):(%d+):(%d+)$')
  epoch, as_of, sequence = tonumber(epoch), tonumber(as_of), tonumber(sequence)
  local time = redis.call('TIME')
  local latest = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[6]
  if epoch and epoch <= latest * 1000 and math.max(as_of, sequence) <= latest then
    if epoch > tonumber(ARGV[2]) or as_of > tonumber(ARGV[3]) or sequence >= tonumber(ARGV[4]) then
      return mark
    end
  end
end
for i = 3, #KEYS do
  redis.call('SET', KEYS[i], ARGV[i + 5], 'PX', ARGV[5])
end
local new = ARGV[2] .. ':' .. ARGV[3] .. ':' .. ARGV[4]
redis.call('SET', KEYS[2], new, 'PX', ARGV[6])
-- What was written stays written, so a refusal here must not look like one of the whole.
local announced = redis.pcall('PUBLISH', ARGV[7], new)
if type(announced) == 'table' and announced.err then
  return 'unannounced'
end
return 'written'
