import type { JournalView } from './journal-state.ts'
import type { MoneyDocuments } from './ledger/cells.ts'

/** What the journal says of money and meters, as the ledger asks for it. */
export async function moneyDocuments(journal: JournalView): Promise<MoneyDocuments> {
  const { prices, contracts, owners, facility } = await journal.current()
  return {
    prices: prices?.body ?? null,
    contracts: contracts?.body.contracts ?? [],
    owners: owners?.body.owners ?? [],
    facility,
  }
}
