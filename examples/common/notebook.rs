//! The matrices of the two notebooks.

/// V of the first notebook, 4×4.
pub fn notebook_v() -> Vec<[f64; 4]> {
    let rows = [[5., 4., 0., 2.], [4., 3., 0., 1.], [3., 2., 4., 5.], [2., 1., 5., 4.]];
    (0..4).map(|j| std::array::from_fn(|i| rows[i][j])).collect()
}

/// The parts of the second notebook's X, and how much of each is in every frame.
pub fn notebook_factors() -> ([[f64; 12]; 3], [[f64; 10]; 3]) {
    let parts = [
        [0., 0., 9., 5., 3., 2., 1., 0., 0., 0., 0., 0.],
        [0., 0., 0., 0., 0., 3., 2., 1., 1., 0., 0., 0.],
        [0., 5., 5., 6., 6., 7., 4., 2., 1., 0.5, 0., 0.],
    ];
    let weights = [
        [1., 1., 0., 0., 1., 1., 1., 1., 1., 0.],
        [0., 1., 0., 1., 1., 0., 0., 1., 0., 0.],
        [0., 1., 0., 0., 1., 0., 0., 0., 1., 0.],
    ];
    (parts, weights)
}

/// X of the second notebook, 12×10, an exact product of rank 3 with zero rows and columns.
pub fn notebook_x() -> Vec<[f64; 12]> {
    let (parts, weights) = notebook_factors();
    (0..10).map(|j| std::array::from_fn(|i| (0..3).map(|k| parts[k][i] * weights[k][j]).sum())).collect()
}
