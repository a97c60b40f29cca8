declare const brand: unique symbol;

/** A nominal type: a plain value at run time that is not mistaken for another quantity at compile time. */
export type Branded<T, Name extends string> = T & { readonly [brand]: Name };
