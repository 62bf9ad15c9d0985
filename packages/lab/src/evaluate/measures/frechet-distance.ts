// Fréchet distance of two sets of feature vectors, as if both were normally distributed (Dowson & Landau 1982; for
// images: Heusel et al. 2017, arXiv:1706.08500): |m1 - m2|² + Tr(S1 + S2 - 2 (S1 S2)^½). It falls with the number of
// vectors: compare only distances of equal n. With fewer vectors than dimensions the covariances are singular.

import { covariance, EigenvalueDecomposition, Matrix } from "ml-matrix";

/** Added to the diagonals, so that a singular covariance has a root. */
const ridge = 1e-6;

/** Fréchet distance of a and b [n][dimensions]; NaN where one has fewer than two rows. */
export function frechetDistance(a: readonly ArrayLike<number>[], b: readonly ArrayLike<number>[]): number {
  if (a.length < 2 || b.length < 2) return Number.NaN;
  const [x, y] = [toMatrix(a), toMatrix(b)];
  const [s, t] = [covarianceOf(x), covarianceOf(y)];
  // S T has the eigenvalues of S^½ T S^½, which is symmetric.
  const root = symmetricRoot(s);
  const product = root.mmul(t).mmul(root);
  const overlap = eigenvaluesOf(product).reduce((sum, value) => sum + Math.sqrt(Math.max(0, value)), 0);
  const means = [x.mean("column"), y.mean("column")] as const;
  const shift = means[0].reduce((sum, value, i) => sum + (value - means[1][i]!) ** 2, 0);
  return Math.max(0, shift + s.trace() + t.trace() - 2 * overlap);
}

function toMatrix(rows: readonly ArrayLike<number>[]): Matrix {
  return new Matrix(rows.map((row) => Array.from(row)));
}

function covarianceOf(x: Matrix): Matrix {
  const result = covariance(x);
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
