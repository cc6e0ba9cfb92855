//! Fused tensor operations through Burn's backend extensions, each with a stock fallback.
