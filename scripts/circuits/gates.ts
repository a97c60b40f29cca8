export async function printGateReport(): Promise<void> {}
