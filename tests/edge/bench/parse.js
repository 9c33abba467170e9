// The least of a fallback: fetch the exchange's ticker table, read it, write the largest contracts. No rule is applied.

export default {
  async fetch(request, env) {
    const response = await fetch(`${env.BYBIT_BASE_URL}/v5/market/tickers?category=linear`);
    const { result } = await response.json();
    const largest = result.list.sort((one, other) => other.turnover24h - one.turnover24h).slice(0, 50);
    return new Response(JSON.stringify(largest), { headers: { "content-type": "application/json" } });
  },
};
