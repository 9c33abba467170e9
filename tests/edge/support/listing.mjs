// The exchange's list of contracts, read without a line of the product.

/** Symbols by what they are: contracts that count, and the others, in the list that the exchange at `url` has. */
export async function listing(url) {
  const all = [];
  for (let cursor = ""; ; ) {
    const page = await fetch(`${url}/v5/market/instruments-info?category=linear&limit=1000${cursor && `&cursor=${cursor}`}`);
    const { result } = await page.json();
    all.push(...result.list);
    cursor = result.nextPageCursor;
    if (!cursor) break;
  }
  const isOurs = (row) =>
    row.contractType === "LinearPerpetual" && row.quoteCoin === "USDT" && row.settleCoin === "USDT" &&
    row.status === "Trading" && !row.isPreListing && ["", "innovation"].includes(row.symbolType);
  return {
    ours: new Set(all.filter(isOurs).map((row) => row.symbol)),
    others: all.filter((row) => !isOurs(row)).map((row) => row.symbol),
  };
}
