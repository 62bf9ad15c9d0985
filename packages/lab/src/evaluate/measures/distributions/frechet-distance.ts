// Fréchet distance of two sets of feature vectors, as if both were normally distributed (Dowson & Landau 1982; for
// images: Heusel et al. 2017, arXiv:1706.08500): |m1 - m2|² + Tr(S1 + S2 - 2 (S1 S2)^½). It falls with the number of
// vectors: compare only distances of equal n. With fewer vectors than dimensions the covariances are singular.

import { keepResults } from "@proteoscope/imaging";
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { type Moments, openMoments } from "./moments.ts";

/** Added to the diagonals, so that a singular covariance has a root. */
const ridge = 1e-6;

/** Fréchet distance of a and b [n][dimensions]; NaN where one has fewer than two rows. */
export function frechetDistance(a: readonly ArrayLike<number>[], b: readonly ArrayLike<number>[]): number {
  return openFrechetDistance(b)(a);
}

/** Opens the distance to one set, so that what is of that set alone is computed once. */
export function openFrechetDistance(
  reference: readonly ArrayLike<number>[],
): (rows: readonly ArrayLike<number>[]) => number {
  if (reference.length < 2) return () => Number.NaN;
  const dimensions = reference[0]!.length;
  const ofRows = keepResults(openDistanceOfRows);
  const ofMoments = keepResults((all: typeof reference) => openDistanceOfMoments(momentsOf(all)));
  return (rows) => {
    if (rows.length < 2) return Number.NaN;
    const isFew = Math.min(rows.length, reference.length) < dimensions;
    return isFew ? ofRows(reference)(rows) : ofMoments(reference)(momentsOf(rows));
  };
}

/**
 * The same where there are fewer rows than dimensions, without matrices of the dimensions: with centred rows X and Y, the trace of
 * (S T)^½ is the sum of the singular values of X Yᵀ over the root of (n - 1) (m - 1).
 */
function openDistanceOfRows(reference: readonly ArrayLike<number>[]) {
  const y = centre(reference);
  const transposed = y.rows.transpose();
  return (rows: readonly ArrayLike<number>[]) => {
    const x = centre(rows);
    const products = x.rows.mmul(transposed);
    const [few, many] =
      products.rows <= products.columns ? [products, products.transpose()] : [products.transpose(), products];
    const squares = eigenvaluesOf(few.mmul(many));
    const scale = Math.sqrt((x.rows.rows - 1) * (y.rows.rows - 1));
    const overlap = squares.reduce((sum, value) => sum + Math.sqrt(Math.max(0, value)), 0) / scale;
    const shift = x.mean.reduce((sum, value, i) => sum + (value - y.mean[i]!) ** 2, 0);
    return Math.max(0, shift + x.variance + y.variance - 2 * overlap);
  };
}

/** Rows less their mean, the mean, and the trace of their covariance. */
function centre(rows: readonly ArrayLike<number>[]) {
  const matrix = new Matrix(rows.map((row) => Array.from(row)));
  const mean = matrix.mean("column");
  matrix.subRowVector(mean);
  const variance = matrix.norm("frobenius") ** 2 / (rows.length - 1);
  return { rows: matrix, mean, variance };
}

/** Fréchet distance of two sets by their means and covariances. */
export function frechetOfMoments(a: Moments, b: Moments): number {
  return openDistanceOfMoments(b)(a);
}

function openDistanceOfMoments(reference: Moments): (moments: Moments) => number {
  const s = withRidge(reference.covariance);
  const root = symmetricRoot(s);
  return ({ mean, covariance }) => {
    const t = withRidge(covariance);
    // S T has the eigenvalues of S^½ T S^½, which is symmetric.
    const product = root.mmul(t).mmul(root);
    const overlap = eigenvaluesOf(product).reduce((sum, value) => sum + Math.sqrt(Math.max(0, value)), 0);
    const shift = mean.reduce((sum, value, i) => sum + (value - reference.mean[i]!) ** 2, 0);
    return Math.max(0, shift + s.trace() + t.trace() - 2 * overlap);
  };
}

function momentsOf(rows: readonly ArrayLike<number>[]): Moments {
  const sums = openMoments(rows[0]!.length);
  for (const row of rows) sums.add(row);
  return sums.finish();
}

function withRidge(covariance: Matrix): Matrix {
  const result = covariance.clone();
  for (let i = 0; i < result.rows; i++) result.set(i, i, result.get(i, i) + ridge);
  return result;
}

function symmetricRoot(s: Matrix): Matrix {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(s, { assumeSymmetric: true });
  const scaled = eigenvectorMatrix.clone();
  for (const [column, value] of realEigenvalues.entries()) {
    scaled.mulColumn(column, Math.sqrt(Math.max(0, value)));
  }
  return scaled.mmul(eigenvectorMatrix.transpose());
}

function eigenvaluesOf(symmetric: Matrix): number[] {
  return new EigenvalueDecomposition(symmetric, { assumeSymmetric: true }).realEigenvalues;
}
