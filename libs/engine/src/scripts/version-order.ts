/**
 * The Lua function `is_higher(one, other)`: whether one version at the source, 8 bytes, is higher than another. Lua orders
 * texts as the server's locale has it, and its numbers have 53 bits, so it goes by halves.
 */
export const VERSION_ORDER = String.raw`
local function half(version, from)
  local number = 0
  for at = from, from + 3 do number = number * 256 + string.byte(version, at) end
  return number
end

local function is_higher(one, other)
  local difference = half(one, 1) - half(other, 1)
  if difference == 0 then difference = half(one, 5) - half(other, 5) end
  return difference > 0
end
`;
